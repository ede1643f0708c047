"""From events to effects: filters, conditions, parameters, and the two loops that decide and act."""
