"""Servers, peers and certificates that the tests make."""
