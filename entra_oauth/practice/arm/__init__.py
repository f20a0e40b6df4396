"""Azure Resource Manager in small: what a sign-in asks of it."""
