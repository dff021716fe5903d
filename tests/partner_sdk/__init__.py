"""The SDK, against real hubs."""
