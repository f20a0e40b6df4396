"""A recording told: page, diagram, text."""
