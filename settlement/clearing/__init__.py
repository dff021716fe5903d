"""Who owes whom, as a pure function of the journal: no database, no network, no clock."""
