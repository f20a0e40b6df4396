"""The function of lab 6, WRONG ON PURPOSE: to be repaired, never to be copied."""


def accept(issuer: str, promises_iss: bool, fields: list[tuple[str, str]]) -> str:
    """Return the code of a redirect, or raise ValueError.

    `issuer` is the authority that was asked; `promises_iss` says whether its metadata
    promise an iss in every answer. `fields` are (name, value) pairs as they stood in
    the redirect: a name may stand there twice, empty, or not at all.
    """
    values = dict(fields)
    return values["code"]
