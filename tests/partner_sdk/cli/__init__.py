"""The command line, against a real network."""
