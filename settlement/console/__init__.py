"""The finance console: web pages on this machine only, under the key of the person who started it.

It is a client of the settlement service like any other. What it shows it asks through the SDK with that person's
rights, and what it decides it signs with that person's key; it keeps nothing.
"""
