"""Pages of the console, asked for without a browser and without a service."""
