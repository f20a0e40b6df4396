"""Lab 18: a state that is an address, and a page that can be framed."""
