"""Lab 16: the landing page tells others the code."""
