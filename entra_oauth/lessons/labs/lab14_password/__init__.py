"""Lab 14: a program that asks for the password."""
