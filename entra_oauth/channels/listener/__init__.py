"""The one-shot listener on loopback, its pages, and the system's browser."""
