"""Requests and responses of each endpoint, as values."""
