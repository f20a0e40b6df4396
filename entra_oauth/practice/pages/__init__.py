"""The tenant's pages as HTML."""
