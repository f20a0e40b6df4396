"""A seal made by a sign-in: an ID token whose nonce was made from the recording."""
