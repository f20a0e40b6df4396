"""Verbs that hand a token to an API, a program or a tool."""
