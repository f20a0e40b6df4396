"""Lab 19: an address that is handed over."""
