"""A whole coalition on a year of real purchases."""
