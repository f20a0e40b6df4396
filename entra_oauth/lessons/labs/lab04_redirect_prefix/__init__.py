"""Lab 4: a redirect URI that only begins like the registered one."""
