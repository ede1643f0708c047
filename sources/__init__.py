"""From outside to events: the HTTP front, its push kinds, and pull kinds under supervision."""
