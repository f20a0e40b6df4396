"""Lab 8, one solution of many: the newest is exchanged, any other ends its family."""


def rotate(token: str, family: dict[str, str], newest: dict[str, str | None], fresh: str) -> str:
    if token not in family:
        raise ValueError("unknown")
    name = family[token]
    if newest[name] != token:
        newest[name] = None
        raise ValueError("used before: the family is dead")
    newest[name] = fresh
    return fresh
