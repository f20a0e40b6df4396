"""Tokens of a managed identity: the services that give one, a file for each source.

Azure gives a machine or an app an identity, and a service beside it that hands out its tokens.
Nothing is kept secret by whoever asks: it is known by the place from which it asks.
"""
