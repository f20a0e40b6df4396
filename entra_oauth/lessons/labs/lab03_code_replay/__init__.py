"""Lab 3: a code is redeemed twice."""
