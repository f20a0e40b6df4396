"""Tokens at hand, in the shapes that other libraries ask for.

NOTE: there is no asynchronous credential. A program that needs one wraps the call in
a thread: `await asyncio.to_thread(credential.get_token, scope)`.
"""
