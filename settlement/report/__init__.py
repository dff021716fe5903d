"""A window as finance people want it: tables, CSV, JSON."""
