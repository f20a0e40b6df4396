"""Programs that were not written here, and the person in front of them."""
