"""The finance console: its door and guard, its charts, and its pages in a real browser."""
