"""What happens when processes die, lines break and answers get lost."""
