"""Faults: rules that change an answer that would have been right."""
