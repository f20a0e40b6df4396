"""The trials of a learner's function: values that cannot be foretold, and what went wrong."""

from __future__ import annotations

import secrets
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Trials", "altered", "fresh"]

_PIECE = 8
"""Characters in a row that give a secret away."""
_SHOWN = 50
"""Characters of a value in a complaint."""


def fresh() -> str:
    """A random text of 43 characters: whoever wrote the answers down beforehand lacks it.

    It has capitals and small letters, so that its `swapcase` is another text.
    """
    while True:
        text = secrets.token_urlsafe(32)
        if text.swapcase() != text and text[0].isalnum() and text[-1].isalnum():
            return text


def altered(text: str) -> str:
    """The same text with another last letter."""
    return text[:-1] + ("A" if text[-1] != "A" else "B")


class Trials:
    """Collects what is wrong with a learner's function."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def gives(self, call: Callable[[], Any], wanted: object, why: str) -> None:
        """`call` must return `wanted`."""
        try:
            found = call()
        except Exception as error:
            self._say(why, f"raised {type(error).__name__}", _short(wanted))
            return
        if found != wanted:
            self._say(why, f"returned {_short(found)}", _short(wanted))

    def refuses(self, call: Callable[[], Any], why: str) -> None:
        """`call` must raise `ValueError`."""
        try:
            found = call()
        except ValueError:
            return
        except Exception as error:
            self._say(why, f"raised {type(error).__name__}", "ValueError")
            return
        self._say(why, f"returned {_short(found)}", "ValueError")

    def gives_or_refuses(self, call: Callable[[], Any], wanted: object, why: str) -> None:
        """`call` must return `wanted` or raise `ValueError`: both are right."""
        try:
            found = call()
        except ValueError:
            return
        except Exception as error:
            self._say(why, f"raised {type(error).__name__}", f"{_short(wanted)} or ValueError")
            return
        if found != wanted:
            self._say(why, f"returned {_short(found)}", f"{_short(wanted)} or ValueError")

    def that(self, true: bool, why: str) -> None:
        """`true` must be true."""
        if not true:
            self.complaints.append(why)

    def hides(self, text: str, hidden: tuple[str, ...], why: str) -> None:
        """No piece of what is `hidden` may be in `text`: as it is, backwards or encoded."""
        shown = text.casefold()
        self.that(not any(piece in shown for each in hidden for piece in _pieces(each)), why)

    def _say(self, why: str, did: str, expected: str) -> None:
        self.complaints.append(f"{why} It {did}; expected: {expected}.")


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _pieces(secret: str) -> set[str]:
    raw = secret.encode()
    forms = (
        secret,
        secret[::-1],
        raw.hex(),
        b64encode(raw).decode(),
        urlsafe_b64encode(raw).decode(),
    )
    return {
        form[start : start + _PIECE].casefold()
        for form in forms
        for start in range(len(form) - _PIECE + 1)
    }
