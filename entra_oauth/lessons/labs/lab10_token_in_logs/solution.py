"""Lab 10, one solution of many: what is known to be harmless, and on one line."""

HARMLESS = ("token_type", "expires_in", "scope", "error", "error_description")


def log_line(status: int, answer: dict[str, object]) -> str:
    # repr, so that a line break in a text does not begin a line of its own in the log.
    shown = [f"{name}={answer[name]!r}" for name in HARMLESS if name in answer]
    return f"token endpoint: {status} {' '.join(shown)}"
