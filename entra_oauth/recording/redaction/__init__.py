"""Secrets found and taken out."""
