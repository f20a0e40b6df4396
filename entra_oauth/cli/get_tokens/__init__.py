"""Verbs that get, keep and drop tokens."""
