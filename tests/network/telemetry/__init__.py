"""The hub seen from outside."""
