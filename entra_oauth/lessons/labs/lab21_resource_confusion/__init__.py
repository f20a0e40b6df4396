"""Lab 21: an API that says it is another."""
