"""A recording made readable: page, diagram, text."""
