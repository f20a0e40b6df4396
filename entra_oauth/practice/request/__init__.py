"""Parameters of a request, read and judged."""
