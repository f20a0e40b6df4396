"""Lab 11: another program answers on our port."""
