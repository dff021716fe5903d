"""A hub as several processes of one machine: one that writes, and fronts that serve calls."""
