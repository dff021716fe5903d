"""The database's versions, one step a file. `Store.upgrade` takes a database through them, from empty or from any."""
