"""What stands behind the points: liability, deferred revenue, breakage, and the entries that an accountant books.

Pure computation over what the clearing has added up: no database, no network, no clock.
"""
