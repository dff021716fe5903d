"""What windows would have come to under other terms: the journal is cleared anew, and nothing is kept of it."""
