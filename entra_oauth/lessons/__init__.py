"""Lessons: the flow told, attacked and repaired, against the practice tenant, offline."""
