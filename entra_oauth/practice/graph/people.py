"""People as Microsoft Graph describes them, and their photos."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import AccountStatus
from entra_oauth.practice.graph.graph_answers import GraphRefusal

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User

__all__ = ["PHOTO_SIZE", "described", "photo"]

PHOTO_SIZE = 48
"""Pixels, both ways."""
_USUAL = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)

_TEXTS = (
    *("jobTitle", "mobilePhone", "officeLocation", "preferredLanguage", "ageGroup", "city"),
    *("companyName", "country", "createdDateTime", "department", "employeeId", "employeeType"),
    *("externalUserState", "faxNumber", "lastPasswordChangeDateTime", "onPremisesSyncEnabled"),
    *("postalCode", "preferredDataLocation", "state", "streetAddress", "usageLocation"),
)
"""Properties that nobody here has: they are null."""
_LISTS = ("businessPhones", "imAddresses", "otherMails", "proxyAddresses")


def described(user: User, select: tuple[str, ...] = ()) -> dict[str, object]:
    """The properties that are asked for, or those that Graph gives unasked.

    Raises `GraphRefusal` for one that is not known.
    """
    known: dict[str, object] = {
        **dict.fromkeys(_TEXTS),
        **{name: [] for name in _LISTS},
        "displayName": user.display_name,
        "givenName": user.given_name,
        "mail": user.name,
        "mailNickname": user.name.partition("@")[0],
        "surname": user.family_name,
        "userPrincipalName": user.name,
        "id": user.oid,
        "accountEnabled": user.account is not AccountStatus.DISABLED,
        "userType": "Member",
    }
    by_lower = {name.lower(): name for name in known}
    for name in select:
        if name.lower() not in by_lower:
            raise GraphRefusal(
                400,
                "BadRequest",
                "Parsing OData Select and Expand failed: Could not find a property named "
                f"'{name}' on type 'microsoft.graph.user'.",
            )
    names = [by_lower[name.lower()] for name in select] or list(_USUAL)
    return {name: known[name] for name in names}


def photo(user: User) -> bytes | None:
    """A small PNG of one colour, or None if there is none."""
    if not user.photo:
        return None
    colour = bytes.fromhex(user.oid.replace("-", "")[:6])
    row = b"\0" + colour * PHOTO_SIZE
    header = struct.pack(">IIBBBBB", PHOTO_SIZE, PHOTO_SIZE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(row * PHOTO_SIZE)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    """One piece of a PNG: length, name, data and checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
