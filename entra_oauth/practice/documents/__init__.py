"""Documents that the tenant publishes: discovery, keys, user info."""
