"""People who try things: whatever they send, it has its own clear answer, and nothing of theirs has happened."""
