"""Reconciliation: a party's own records beside the journal, and an explanation of everything that does not agree."""
