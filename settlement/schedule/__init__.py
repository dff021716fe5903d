"""When windows close and when payments are due: business days, periods, cut-offs. Pure: it closes nothing."""
