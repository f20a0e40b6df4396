"""A person at the tenant's pages: sign-in, consent, device, administrator."""
