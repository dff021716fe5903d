"""Opens envelopes of the journal again as admission opened them, ahead of whoever replays them and beside it."""
