"""The ledger: a deterministic state machine over the journal, without I/O, SQL, gRPC or a clock."""
