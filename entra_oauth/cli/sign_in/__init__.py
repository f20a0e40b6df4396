"""A sign-in put together: plan, credential, receiver."""
