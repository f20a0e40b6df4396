"""Lab 12: a token for one API at another."""
