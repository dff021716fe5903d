"""Charts as geometry, without a browser."""
