"""The store: tables, loading and flushing of the working set, migrations."""
