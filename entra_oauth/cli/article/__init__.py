"""The article's procedure: mirror, and its two halves."""
