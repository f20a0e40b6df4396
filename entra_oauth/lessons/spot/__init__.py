"""Faults to find: recorded exchanges, each with one thing in it that a rule of the linter finds."""
