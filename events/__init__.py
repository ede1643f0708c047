"""What flows: events, the bus that keeps them, and the small languages that read them. Imports none of ours."""
