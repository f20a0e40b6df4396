"""Lab 7: the token endpoint answers with a redirect, and the client follows."""
