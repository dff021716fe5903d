"""The protocol that every side shares."""
