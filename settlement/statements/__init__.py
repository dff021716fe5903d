"""What a party gets at the end of a window: figures, single lines, and their forms."""
