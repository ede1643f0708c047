"""Rules of lint for Sensors, a module for each family."""
