"""How the database came to have its tables, step by step; a start brings it up to the last one."""
