"""The ledger's rules again, told simply: what must become of every transaction."""
