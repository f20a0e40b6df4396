"""A program run against the tenant: proxy, control endpoint, browser."""
