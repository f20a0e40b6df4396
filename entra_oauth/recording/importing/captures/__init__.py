"""Captures of packets, opened by the tshark that is installed and a key log.

Nothing here decrypts TLS. tshark does, and its output is taken for a stranger's text.
"""
