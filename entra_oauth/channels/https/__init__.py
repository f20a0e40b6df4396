"""The back channel: our own HTTPS calls, their deadline, trust and tap."""
