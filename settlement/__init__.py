"""The settlement service: follows the journal and works out who owes whom."""
