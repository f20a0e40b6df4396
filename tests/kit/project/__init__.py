"""The project itself, read as text: its house, its imports, its pages."""
