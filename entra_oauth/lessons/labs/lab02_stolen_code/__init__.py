"""Lab 2: a stolen code, redeemed by the thief."""
