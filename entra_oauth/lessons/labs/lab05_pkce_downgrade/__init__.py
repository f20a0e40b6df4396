"""Lab 5: PKCE downgrade. The challenge is taken out, and nobody misses it."""
