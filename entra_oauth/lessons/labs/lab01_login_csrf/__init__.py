"""Lab 1: login CSRF. An answer is taken that nobody here asked for."""
