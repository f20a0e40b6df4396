"""Lab 6: mix-up. The answer of one authority is carried to another."""
