"""Lab 9, one solution of many: a form is taken, and the way on says nothing of it."""


def answer(method: str, fields: list[tuple[str, str]]) -> tuple[int, str]:
    if method != "POST":
        return 405, ""
    return 303, "/done"
