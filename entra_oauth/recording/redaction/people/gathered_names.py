"""Names of people and tenants, gathered from all of a recording: the one place for that rule.

A name is known by the name of its member, wherever that stands: in a form, in JSON, in the
claims of a token, in `client_info`; and what has the form of a mail address is one. What is
known from one place is looked for in all others, as a secret is. An ordinary word and an id of an
app are nobody's name.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Collection, Iterable, Iterator
from html import unescape
from urllib.parse import unquote_plus

from entra_oauth.protocol.glossary.secrecy import Act, is_public, treatment_of, words_of_names
from entra_oauth.recording.redaction.finds import PLACEHOLDER, Find
from entra_oauth.recording.redaction.known_secrets import SHORTEST_KNOWN
from entra_oauth.recording.redaction.people.known_names import KnownNames, folded
from entra_oauth.recording.redaction.views import as_bytes_text

__all__ = ["People", "searched_at_last"]

_ALSO = frozenset(
    ("uid", "utid", "userprincipalname", "givenname", "surname", "mailnickname", "nickname")
    + ("middle_name", "loginfmt", "proxyaddresses", "othermails", "mobilephone", "primary_sid")
    + ("samaccountname", "winaccountname")
)
"""Names of members of client_info, of Microsoft Graph's users, and of other claims, that tell of a
person. Beside the table of secrecy: under these a value is never shown, whatever the level."""
_GENERAL = frozenset({"name", "user", "login", "address", "tenant"})
"""Names that things have too: one word under these is a person's in a token alone."""
_LIKE_A_NAME = re.compile(r"[ @.\\]|[^\x00-\x7f]")
_APPS = frozenset({"client_id", "appid", "azp", "aud", "resource"})
_PAIRS = (("name", "value"), ("typ", "val"), ("type", "value"))
"""Members that are the name and the value of another."""
_GUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EVERYBODYS = re.compile(
    r"(?i)0{8}-0{4}-0{4}-0{4}-0{12}|[0-9a-f]{8}-0000-0000-c000-0{12}"
    r"|9188040d-6c67-4c5b-b112-36a304b66dad|f8cdef31-a31e-4b4a-93e4-5f571e91255a"
    r"|127(?:\.[0-9]{1,3}){3}|::1|0\.0\.0\.0|localhost|\{tenantid\}"
)
"""No id; first-party apps; the tenants of personal accounts and of Microsoft's own apps; this
machine; what stands for a tenant in Entra's metadata."""
_NOBODYS = frozenset(
    {"common", "organizations", "consumers", "adfs", "true", "false", "null", "none", "yes", "no"}
    | {"practice", "entra", "microsoft"}
    | {"unknown", "anonymous", "localhost", "user", "users", "admin", "test", "https", "http"}
    | {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "gmt"}
    | {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
)
"""Ordinary words; those by which a practice tenant is known for one; days and months in dates."""
_SHORTEST = 3
_LONGEST = 300

_PACKED = re.compile(r"e[yw][A-Za-z0-9_+/-]{6,}")
"""An object of JSON in base64: the two parts of a token, client_info, and others."""
_MEMBER = re.compile(r'"([A-Za-z_.:/-]{2,60})"\s{0,4}:\s{0,4}"((?:[^"\\]|\\.){1,600}+)"')
_LIST = re.compile(r'"([A-Za-z_]{2,40})"\s{0,4}:\s{0,4}(\[[^\[\]{}]{1,20000}\])')
_PARAMETER = re.compile(r"(?<![A-Za-z0-9_.-])([A-Za-z_]{2,40})=([^&#\s\"'<>;,]{1,600})")
_MAIL = re.compile(
    r"(?i)(?<![\w.+%-])[\w.+%-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}"
    r"(?!(?:png|jpe?g|gif|svg|webp|ico|css|m?js|json|map|woff2?)\b)[a-z]{2,24}(?![\w-])"
)
"""An address of a person. Pictures for fine screens are called `logo@2x.png`."""
_DEPTH = 3
_WHOLE = 48


class People:
    """The names that were seen so far."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._apps: set[str] = set()

    # ---- looking -------------------------------------------------------------------

    def look(self, text: str | bytes) -> None:
        """Gather the names from a text, through its usual encodings."""
        given = text if isinstance(text, str) else text.decode("utf-8", "replace")
        for reading in _readings(given):
            self._in_text(reading, 0)

    def named(self, name: str, value: str, *, in_token: bool = False) -> None:
        """Gather a value that stands under that name."""
        lower = name.strip().lower().rpartition("/")[2]  # claims of SAML have addresses for names
        if lower in _APPS:
            self._apps.add(value.lower())
            return
        is_sure = in_token or lower not in _GENERAL or _LIKE_A_NAME.search(value)
        if is_sure and (lower in _ALSO or treatment_of(lower).act is Act.PII):
            self._add(value)

    def finds(self, finds: Iterable[Find]) -> None:
        """Gather what was found to be a name by another one's look."""
        for find in finds:
            if find.kind == "pii":
                value = find.value.encode("latin-1").decode("utf-8", "replace")
                if len(value) >= SHORTEST_KNOWN or _LIKE_A_NAME.search(value):
                    self._add(value)

    def _add(self, value: str) -> None:
        if _tells(value.strip()):
            self._names.add(value.strip())

    def _in_text(self, text: str, depth: int) -> None:
        for match in _MEMBER.finditer(text):
            self.named(match[1], _json_text(match[2]), in_token=depth > 0)
        for match in _LIST.finditer(text):
            self._in_list(match[1], match[2])
        for match in _PARAMETER.finditer(text):
            self.named(match[1], unquote_plus(match[2]))
        for match in _MAIL.finditer(text):
            self._add(match[0])
        for match in _PACKED.finditer(text):
            inner = _unpacked(match[0])
            if inner and depth < _DEPTH:
                self._in_text(inner, depth + 1)
        if text.lstrip()[:1] in ("{", "["):
            try:
                self._in_json("", json.loads(text), in_token=depth > 0)
            except (ValueError, RecursionError):
                return

    def _in_list(self, name: str, text: str) -> None:
        try:
            self._in_json(name, json.loads(text), in_token=True)
        except (ValueError, RecursionError):
            return

    def _in_json(self, name: str, value: object, *, in_token: bool) -> None:
        if isinstance(value, str):
            self.named(name, value, in_token=in_token)
        elif isinstance(value, list):
            for each in value:
                self._in_json(name, each, in_token=in_token)
        elif isinstance(value, dict):
            tells = name and treatment_of(name).act is Act.PII
            for key, each in value.items():
                self._in_json(name if tells else key, each, in_token=in_token)
            for called, holds in _PAIRS:
                pair = value.get(called), value.get(holds)
                if isinstance(pair[0], str) and isinstance(pair[1], str):
                    self.named(pair[0], pair[1], in_token=in_token)

    # ---- what is known -------------------------------------------------------------

    def known(self, hosts: Collection[str] = ()) -> frozenset[str]:
        """The names that are to be looked for everywhere.

        Not those of the `hosts` that were asked, for these stay in every address, and not the
        id of an app, though an app that asks as itself is its tokens' subject.
        """
        apps = {each for each in self._apps if _GUID.fullmatch(each)}
        table, shown = KnownNames(self._names), set[str]()
        for host in {folded(as_bytes_text(host)) for host in hosts}:
            shown.update(host[start:end] for start, end in table.find(host))
        return frozenset(
            name
            for name in self._names
            if name.lower() not in apps
            and not is_public(name, hosts)
            and folded(as_bytes_text(name)) not in shown
        )


def searched_at_last(names: Iterable[str]) -> frozenset[str]:
    """The names for the last search (`leak_search.py`), as they are and in small letters.

    Of a long text that knows its ends too, and names often end alike.
    """
    short = {name for name in names if len(name.encode()) < _WHOLE}
    return frozenset({*short, *map(str.lower, short)})


def _tells(value: str) -> bool:
    """True if a value is enough of a name to be looked for wherever it may stand."""
    if not _SHORTEST <= len(value) <= _LONGEST or PLACEHOLDER.search(value):
        return False
    lower = value.lower()
    if value.isdigit() and len(value) < SHORTEST_KNOWN:
        return False
    return not (
        lower in _NOBODYS
        or lower in words_of_names()
        or is_public(lower)
        or _EVERYBODYS.fullmatch(value)
    )


def _json_text(inner: str) -> str:
    try:
        text = json.loads(f'"{inner}"', strict=False) if "\\" in inner else inner
    except ValueError:
        return inner
    return str(text).encode("utf-8", "replace").decode("utf-8")


def _unpacked(text: str) -> str:
    """The object of JSON that is in there; empty if there is none."""
    decode = b64decode if "+" in text or "/" in text else urlsafe_b64decode
    whole = text[: len(text) - (len(text) % 4 == 1)]
    try:
        data = decode(whole + "=" * (-len(whole) % 4))
    except ValueError:
        return ""
    return data.decode("utf-8", "replace") if data[:1] == b"{" else ""


def _readings(text: str) -> Iterator[str]:
    """The text as it is, and with the usual encodings undone."""
    yield text
    if "&" in text and ";" in text:
        yield unescape(text)
    if '\\"' in text:
        yield text.replace('\\"', '"')
    if "%" in text:
        once = unquote_plus(text)
        yield once
        if "%" in once:
            yield unquote_plus(once)
