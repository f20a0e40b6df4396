"""The practice browser: a person without a screen."""
