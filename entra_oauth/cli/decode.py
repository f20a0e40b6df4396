"""decode: a token, in words. Nothing is sent, nothing is verified."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeGuard

from entra_oauth.channels.base import now
from entra_oauth.cli.session.secret_input import read_token
from entra_oauth.cli.session.times import duration, utc_time
from entra_oauth.cli.session.wrap import row, width
from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.parameters import meaning_of
from entra_oauth.protocol.jwt import DecodedJwt, decode
from entra_oauth.protocol.resource.known_apis import api_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.see_verbs import DecodeOptions

__all__ = ["describe", "run"]

_TIMES = frozenset(["auth_time", "exp", "iat", "nbf"])


def run(options: DecodeOptions, session: Session) -> int:
    """Read a token from a prompt or standard input, and show it."""
    console = session.console
    decoded = decode(_read_token(console))
    try:
        if console.as_json:
            console.result_json(
                {
                    "schema": "entra-oauth/decoded/1",
                    "verified": False,
                    "header": decoded.header,
                    "claims": decoded.claims,
                }
            )
            return 0
        lines = describe(decoded, at=now(), columns=width())
    except (RecursionError, ValueError):
        # Nested just so deep that it could be read and not be written, or a number
        # that no machine holds.
        raise UsageError(
            "The token holds what cannot be shown: it is nested too deeply, or has a number out "
            "of all range.",
            advice="Do not trust it. Ask whoever made it.",
        ) from None
    for line in lines:
        console.result(line)
    for warning in _warnings(decoded, at=now()):
        console.say(f"\nNote: {warning}")
    console.say("\nNot verified: this is what the token says of itself.")
    return 0


def _warnings(decoded: DecodedJwt, *, at: float) -> Iterator[str]:
    """Reasons why nobody may accept it, as far as they can be seen without a key."""
    if str(decoded.header.get("alg", "")).lower() in ("", "none"):
        yield "it is not signed (alg), so anybody can have written it."
    expires, begins = (decoded.claims.get(name) for name in ("exp", "nbf"))
    if _is_time(expires) and expires <= at:
        yield "its time is over (exp): no API and no app may accept it any more."
    if _is_time(begins) and begins > at:
        yield "it is not good yet (nbf): no API and no app may accept it before that time."


def _is_time(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read_token(console: Console) -> str:
    text = read_token(
        console, what="token", advice="Pipe one in: entra-oauth login -o token | entra-oauth decode"
    )
    # Padding belongs to base64, and a compact JWT leaves it out (RFC 7515 §2).
    return ".".join(part.rstrip("=") for part in text.split("."))


def describe(
    decoded: DecodedJwt, *, at: float, columns: int, token: MessageKind = MessageKind.TOKEN_BODY
) -> list[str]:
    """Lines for every member of header and body.

    `at` is in seconds since 1970. `token` says which kind of token it is, if that is known.
    """
    lines = ["header"]
    for name, value in decoded.header.items():
        lines += _row(MessageKind.TOKEN_HEADER, name, value, at, columns)
    lines += ["", "body"]
    for name, value in decoded.claims.items():
        lines += _row(token, name, value, at, columns)
    return lines


def _row(kind: MessageKind, name: str, value: Any, at: float, columns: int) -> list[str]:
    shown = plain(value if isinstance(value, str) else json.dumps(value), limit=200)
    meaning = meaning_of(kind, name, shown)
    if name in _TIMES and _is_time(value):
        meaning = f"{meaning}: {_when(value, at)}"
    elif name == "aud" and isinstance(value, str) and (api := api_named(value)) is not None:
        meaning = f"{api.name}: {meaning}"
    return row(plain(name, limit=40), shown, meaning, indent=2, columns=columns)


def _when(value: float, at: float) -> str:
    if not 0 <= value < 10**11:
        return "no time that a clock shows"
    distance = duration(value - at)
    return f"{utc_time(value)}, " + (f"in {distance}" if value > at else f"{distance} ago")
