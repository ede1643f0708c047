"""Putting it together: commands, files, cluster, admin API. May import all of the other packages."""
