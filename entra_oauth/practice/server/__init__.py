"""The tenant served on loopback: hosts, TLS, proxy."""
