"""The hub seen from outside: what it counts, and the traces of single calls."""
