"""Lab 8: a stolen refresh token, used beside its owner."""
