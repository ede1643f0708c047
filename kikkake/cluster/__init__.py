"""`kikkake serve`: resources, identities and statuses of a cluster."""
