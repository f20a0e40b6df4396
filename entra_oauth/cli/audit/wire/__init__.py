"""A contract for the wire: learned, and held against a recording."""
