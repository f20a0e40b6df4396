"""A seal by sign-in as a file: written one way only, so that one bit more or less shows.

Whoever makes a seal can make the whole file again: what counts in it is the signature of the
ID token. The hash at its end is against accidents.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from entra_oauth.errors import SecurityError, UsageError, plain
from entra_oauth.protocol.jwt import read_object
from entra_oauth.recording.files import SUMS

__all__ = [
    "MOST_SEALS",
    "EarlierSeal",
    "SignInSeal",
    "read_seal",
    "seal_name",
    "seal_names",
    "stamp_name",
    "written_seal",
]

_FORM = "entra-oauth/sign-in-seal/"
_SCHEMA = f"{_FORM}1"
_MAX_BYTES = 1024 * 1024
MOST_SEALS = 99
_NAME = re.compile(rf"{re.escape(SUMS)}\.sign-in-([1-9][0-9]?)\.json")


@dataclass(frozen=True, slots=True)
class EarlierSeal:
    """A seal that was there before, by the hash of its file."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSeal:
    """The contents of the file."""

    practice: bool
    """Made at a practice tenant. The ID token tells the same, and is believed."""
    authority: str
    """The origin of the authority."""
    client_id: str
    recorded_at: float
    """The recording's own word on when it was made: seconds since 1970."""
    manifest_sha256: str
    """Of what was sealed, in hex."""
    salt: str
    """In hex."""
    before: tuple[EarlierSeal, ...]
    id_token: str = field(repr=False)
    keys_url: str
    keys: str = field(repr=False)
    """The authority's document of keys, as it came."""
    keys_fetched_at: float
    certificates: tuple[str, ...] = field(repr=False)
    """Of the connection over which the keys came, PEM, the host's own first."""
    sealed_at: float
    """By the clock of the machine, in seconds since 1970."""


def seal_name(number: int) -> str:
    """The name of the file of that seal, counted from 1."""
    return f"{SUMS}.sign-in-{number}.json"


def stamp_name(seal: str) -> str:
    """The name of the time stamp that lies beside a seal (RFC 3161)."""
    return f"{seal}.tsr"


def seal_names(names: Any) -> list[str]:
    """The seals by sign-in among names of files, in the order of their numbers."""
    found = [match for match in map(_NAME.fullmatch, names) if match]
    return [match[0] for match in sorted(found, key=lambda match: int(match[1]))]


def written_seal(seal: SignInSeal) -> bytes:
    """The seal as a file."""
    members = {"schema": _SCHEMA, **asdict(seal)}
    digest = hashlib.sha256(_json(members)).hexdigest()
    return _json({**members, "sha256": digest})


def _json(members: dict[str, Any]) -> bytes:
    return json.dumps(members, indent=1, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def read_seal(name: str, data: bytes) -> SignInSeal:
    """Read a seal. Raises `SecurityError` for one that is not as it was written, `UsageError`
    for one of a later version."""
    if len(data) > _MAX_BYTES:
        raise _changed(name, "it is larger than a seal")
    try:
        members = read_object(data)
    except ValueError as error:
        raise _changed(name, str(error)) from None
    form = members.get("schema")
    if isinstance(form, str) and form != _SCHEMA and re.fullmatch(rf"{_FORM}[0-9]{{1,4}}", form):
        raise UsageError(
            f"The seal {plain(name)} has the form {form}, and this program knows {_SCHEMA}.",
            advice="Check it with a later version of entra-oauth.",
        )
    try:
        seal = _seal_from(members)
    except (LookupError, TypeError, ValueError):
        raise _changed(name, f"it does not have the form {_SCHEMA}") from None
    if written_seal(seal) != data:
        raise _changed(name, "its own hash does not fit")
    return seal


def _seal_from(members: dict[str, Any]) -> SignInSeal:
    return SignInSeal(
        practice=_is(bool, members["practice"]),
        authority=_is(str, members["authority"]),
        client_id=_is(str, members["client_id"]),
        recorded_at=_is(float, members["recorded_at"]),
        manifest_sha256=_hex(members["manifest_sha256"]),
        salt=_hex(members["salt"]),
        before=tuple(
            EarlierSeal(_is(str, each["name"]), _hex(each["sha256"])) for each in members["before"]
        ),
        id_token=_is(str, members["id_token"]),
        keys_url=_is(str, members["keys_url"]),
        keys=_is(str, members["keys"]),
        keys_fetched_at=_is(float, members["keys_fetched_at"]),
        certificates=tuple(_is(str, each) for each in members["certificates"]),
        sealed_at=_is(float, members["sealed_at"]),
    )


def _is(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError("of another kind")
    return value


def _hex(value: Any) -> str:
    text: str = _is(str, value)
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("no hash")
    return text


def _changed(name: str, why: str) -> SecurityError:
    return SecurityError(
        f"The seal {plain(name)} is not as it was written: {why}.",
        advice="Do not rely on it. Ask whoever sealed the recording for another copy.",
    )
