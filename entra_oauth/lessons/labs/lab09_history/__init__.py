"""Lab 9: a code in the browser's history. Needs a real browser."""
