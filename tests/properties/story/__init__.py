"""Stories: who takes part, what they send, how time passes. The same seed tells the same story."""
