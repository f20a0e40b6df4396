"""A Databricks workspace in small."""
