"""The embedded engine: one SQLite file, one writer, durable before anybody is told.

`buses/sqlite.py` opens it; docs/architecture.md tells how a publication walks through these modules.
"""
