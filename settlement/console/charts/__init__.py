"""Charts as plain geometry and cells, worked out from figures without a browser; templates draw them.

Places are in units of the drawing, rounded to a tenth. Figures stay the integers that they were.
"""
