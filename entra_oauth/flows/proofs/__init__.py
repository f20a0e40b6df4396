"""The proofs of an app: the places where they may be, a file for each source."""
