"""Lab 17: a password that nobody meant to send."""
