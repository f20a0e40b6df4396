"""Names of people and tenants: where they are known from, and where else they stand."""
