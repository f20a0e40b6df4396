"""Lab 3, one solution of many: known, not spent, not old; then it is spent."""


def redeem(code: str, issued: dict[str, tuple[str, float]], spent: set[str], now: float) -> str:
    if code not in issued or code in spent:
        raise ValueError("no such code, or no longer")
    person, issued_at = issued[code]
    if now - issued_at > 600:
        raise ValueError("too old")
    spent.add(code)
    return person
