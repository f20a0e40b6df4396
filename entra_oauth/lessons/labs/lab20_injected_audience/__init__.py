"""Lab 20: a proof that is good elsewhere."""
