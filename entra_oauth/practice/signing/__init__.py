"""Keys and signatures of the tenant."""
