"""Rules about the front channel: the authorize request, the redirect, the receiver."""
