"""The error of a module that is not there: a package, or a part that this build leaves out."""

from __future__ import annotations

from entra_oauth.errors import LocalError

__all__ = ["missing_part"]

_NATIVE = ("cryptography", "_cffi_backend")
"""Packages with compiled parts, which may be there and yet not be loaded here."""


def missing_part(error: Exception, verb: str) -> LocalError | None:
    """Say what is missing; None for any other error.

    `verb` is what was to be run, as it is known to the program. That a module of our own
    is not found means one thing only: this is the core in a single file, without the rest.
    """
    if not isinstance(error, ImportError) or not error.name:
        return None
    top = error.name.partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) and top not in _NATIVE:
        return None
    if top == "entra_oauth":
        return LocalError(
            f"What {verb} asks for is not in this build of entra-oauth: {error.name}.",
            advice="Leave out the option that asks for it, or use the whole package: its wheel "
            "lies beside this program.",
        )
    if top in _NATIVE:
        return LocalError(
            f"The package cryptography is missing, or made for another Python, and {verb} needs "
            "it here.",
            advice="Install it in the Python that runs entra-oauth: "
            "python -m pip install cryptography",
        )
    return LocalError(
        f"The package {top} is missing, which entra-oauth needs.",
        advice="Install entra-oauth again with its dependencies, in the Python that runs it: "
        "python -m pip install .",
    )
