"""Resources: where a token may be sent, and the workspace API."""
