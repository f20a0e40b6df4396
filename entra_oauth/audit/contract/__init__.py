"""A contract for the wire: what an exchange must be like, learned from recordings of it."""
