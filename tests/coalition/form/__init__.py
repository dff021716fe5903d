"""Forms of transactions."""
