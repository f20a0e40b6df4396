"""The rules: each a function whose docstring is its page in the manual."""
