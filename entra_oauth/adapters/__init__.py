"""Tokens at hand, in the shapes that other libraries ask for. docs/python.md has examples."""
