"""The pages, one module a place: each asks the service and hands figures to its template."""
