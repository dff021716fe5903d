"""Settlement runs: decided by people of the operator, each decision signed. Pure, like the clearing."""
