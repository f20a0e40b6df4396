"""Lab 13: a token that says itself how it is to be checked."""
