"""Secrecy of a value, decided by its name. Values of names that are not listed are taken out.

The lists hold what OAuth 2.0, OpenID Connect and Entra's own dialect send, and what
browsers and proxies add in headers. They are in `secrecy.json` beside this file: names of
parameters, members and claims by act and kind, names of headers by act, and for each kind of
secret the word for people.
"""

from __future__ import annotations

import json
import pkgutil
import re
from collections.abc import Collection
from enum import Enum, auto
from functools import cache

from entra_oauth.light import dataclass

__all__ = [
    "HEADERS",
    "Act",
    "Treatment",
    "header_treatment",
    "is_cookie_name",
    "is_plain_name",
    "is_public",
    "is_secret",
    "secret_word",
    "treatment_in_text",
    "treatment_of",
    "words_of_names",
]


class Act(Enum):
    """The act on a value."""

    KEEP = auto()
    """Harmless by its name; tokens and addresses inside are still looked for."""
    WORD = auto()
    """Harmless where it is a word or a number, and in a key (RFC 7517) whatever it is."""
    TEXT = auto()
    """Words for people; what looks like a secret in them is taken out."""
    URL = auto()
    """An address; its query, fragment and user information are taken apart."""
    SECRET = auto()
    TOKEN = auto()
    """A secret; if it is a JWT, all but its signature stays readable."""
    MASK = auto()
    """A secret whose length is one too."""
    PII = auto()
    """Tells of a person or a tenant; kept unless that is to go as well."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Treatment:
    """An act, and the word of at most five letters that stands in a placeholder."""

    act: Act
    kind: str = ""


_TABLES = json.loads(pkgutil.get_data("entra_oauth.protocol.glossary", "secrecy.json") or b"")

_NAMES = {
    name: Treatment(Act[act], kind)
    for act, kinds in _TABLES["names"].items()
    for kind, names in kinds.items()
    for name in names
}
HEADERS = {name: Act[act] for act, names in _TABLES["headers"].items() for name in names}
_UNKNOWN = Treatment(Act.UNKNOWN, "val")
_SECRET = Treatment(Act.SECRET, "val")
_COOKIES = frozenset(_TABLES["cookies"])
"""Names of Entra's own cookies: they are public."""

_PLAIN = re.compile(r"[A-Za-z]?[a-z]{0,14}+(?:[A-Z][a-z]{1,14}+|[._-][A-Za-z]{1,15}+)*+[0-9]{0,2}")
_SHORT = 16


def treatment_of(name: str) -> Treatment:
    """The treatment of the value of a parameter, a member or a claim."""
    found = _NAMES.get(name)
    return found if found is not None else _NAMES.get(name.strip().lower(), _UNKNOWN)


_ENDINGS = tuple(_TABLES["endings"])
_JOINT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[.-]")


def treatment_in_text(name: str) -> Treatment:
    """The treatment of what follows a name in words for people: `db_password`, `userToken`."""
    whole = treatment_of(name)
    if whole.act is not Act.UNKNOWN:
        return whole
    words = _JOINT.sub("_", name.strip()).lower()
    ends = [ending for ending in _ENDINGS if words.endswith(f"_{ending}")]
    return _NAMES.get(max(ends, key=len), _SECRET) if ends else whole


_SECRET_ACTS = frozenset([Act.SECRET, Act.TOKEN, Act.MASK])


def is_secret(name: str) -> bool:
    """True where the value of such a name must not be shown, wherever it stands."""
    # Only with S256 is a challenge harmless, and a name does not say how it was made.
    return name == "code_challenge" or treatment_of(name).act in _SECRET_ACTS


def secret_word(name: str) -> str | None:
    """The word for people that stands for a secret of that name; None where it is none."""
    if not is_secret(name):
        return None
    if name == "code_challenge":
        return "challenge"
    return str(_TABLES["words"].get(treatment_of(name).kind, "value"))


def header_treatment(name: str) -> Treatment:
    """The treatment of the value of a header."""
    act = HEADERS.get(name.strip().lower(), Act.UNKNOWN)
    kinds = {Act.TOKEN: "auth", Act.SECRET: "ck", Act.UNKNOWN: "val"}
    return Treatment(act, kinds.get(act, ""))


def is_plain_name(name: str) -> bool:
    """True for a name that is one, and no secret that stands in the place of one."""
    if len(name) < _SHORT or treatment_of(name).act is not Act.UNKNOWN:
        return True
    return name.strip().lower() in HEADERS or (len(name) <= 60 and bool(_PLAIN.fullmatch(name)))


_PUBLIC = frozenset((*_NAMES, *HEADERS, *_TABLES["public"]))
_MEDIA_TYPE = re.compile(
    r"(?:application|audio|font|image|multipart|text|video)/[a-z0-9.+-]{1,60}+"
    r"(?:; ?charset=[\w-]{1,20}+)?"
)


def is_public(value: str, hosts: Collection[str] = ()) -> bool:
    """True for a word that is nobody's secret, wherever it stands.

    Such are names of parameters and headers, grants, media types, and `hosts`, in lower case,
    with or without a scheme.
    """
    text = value.strip().lower()
    host = re.sub(r"^https?://|/$", "", text)
    registered = text.startswith("urn:ietf:params:oauth:")
    return text in _PUBLIC or registered or host in hosts or bool(_MEDIA_TYPE.fullmatch(text))


@cache
def words_of_names() -> frozenset[str]:
    """The words of which names of parameters and headers are made, in lower case."""
    return frozenset(word for name in _PUBLIC for word in re.findall(r"[a-z0-9]+", name))


def is_cookie_name(name: str) -> bool:
    """True for the name of a cookie that may be shown."""
    return name.strip().lower() in _COOKIES or is_plain_name(name)
