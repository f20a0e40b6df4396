"""Verbs that teach: demo, learn, lab."""
