"""Recordings for the linter's rules."""
