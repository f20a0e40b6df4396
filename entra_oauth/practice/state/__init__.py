"""State of the tenant: accounts, what was issued, limits."""
