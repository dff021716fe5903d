"""One step a file; the first makes everything from nothing."""
