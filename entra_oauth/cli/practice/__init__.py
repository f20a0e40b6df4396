"""Verbs of the practice tenant."""
