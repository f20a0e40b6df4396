"""HAR files written, read and redacted."""
