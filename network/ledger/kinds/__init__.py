"""One module per kind of transaction: what it touches, and what it does."""
