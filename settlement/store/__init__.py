"""The settlement service's own database."""
