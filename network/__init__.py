"""The hub: admits signed envelopes, orders them, applies them to the ledger and signs what it decided."""
