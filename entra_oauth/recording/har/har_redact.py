"""Other people's HAR files with their secrets taken out, and a report of what was done.

A HAR is rebuilt from the members that are understood. Whatever else it holds, programs'
own additions above all, is left out, and the report says so.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from entra_oauth.errors import SecurityError, UsageError
from entra_oauth.protocol.glossary.secrecy import is_plain_name, is_public
from entra_oauth.protocol.messages import host_of
from entra_oauth.recording.har.other_formats import other_format, plain_text
from entra_oauth.recording.importing.entries import MAX_FILE_BYTES
from entra_oauth.recording.redaction.cookies import joined_values
from entra_oauth.recording.redaction.finds import LONG, Find
from entra_oauth.recording.redaction.known_secrets import SHORTEST_KNOWN
from entra_oauth.recording.redaction.redact import Redacted, Redactor
from entra_oauth.recording.redaction.secrets import leaks
from entra_oauth.recording.step import Level

__all__ = ["HarReport", "members_at", "objects", "read_har", "redact_har", "text_at"]

_SHOWN = 5
_VERSIONS = ("1.1", "1.2", "1.3")
_STRONG = frozenset(
    ("code", "state", "nonce", "pkce", "at", "rt", "idt", "asrt", "dev", "sec", "pw", "sess")
    + ("ck", "auth", "saml", "info", "user", "key")
)
_OPTIONAL = ("pageref", "serverIPAddress", "connection", "comment", "_resourceType", "_error")
_TIMINGS = ("blocked", "dns", "connect", "send", "wait", "receive", "ssl")


@dataclass(slots=True)
class HarReport:
    """The values that were removed, the names left as they were, and what was not understood."""

    entries: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    """Kinds of values, and how many places each was taken from."""
    kept: set[str] = field(default_factory=set)
    """Names of parameters and headers whose values stayed as they were."""
    places: dict[str, list[str]] = field(default_factory=dict)
    """Bodies that were taken out whole, and members that were left out: each, and where."""

    @property
    def not_understood(self) -> list[str]:
        """A line for each kind of these."""
        return [f"{what}: {_few(where)}" for what, where in self.places.items()]


def read_har(data: bytes) -> dict[str, Any]:
    """The object that a HAR file is. Raises `UsageError` that says what is wrong with it."""
    advice = "Export it again from the browser or proxy, as HAR 1.2."
    unpacked = plain_text(data, limit=MAX_FILE_BYTES)
    if unpacked is None:
        packing = "gzip" if data.startswith(b"\x1f") else "zlib"
        raise UsageError(f"The file is {packing}, but broken.", advice=advice)
    data = unpacked
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(
            f"The file is larger than {MAX_FILE_BYTES // 2**20} MiB.",
            advice="Export only the requests of the sign-in.",
        )
    problem = "It is not JSON"
    value: object = None
    try:
        value = json.loads(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except UnicodeDecodeError:
        problem = "It is not UTF-8"
    except json.JSONDecodeError as error:
        problem = f"It is malformed or breaks off at character {error.pos:,}"
    except (RecursionError, ValueError):
        problem = "It is nested too deeply, or holds a number out of all range"
    if not isinstance(value, dict) or not isinstance(value.get("log"), dict):
        if isinstance(value, dict | list):
            problem = "It has no member log"
        named, way = other_format(data) or (problem, advice)
        raise UsageError(f"This is no HAR file. {named}.", advice=way)
    if not isinstance(value["log"].get("entries"), list):
        raise UsageError("This HAR has no list of entries.", advice=advice)
    return value


def redact_har(har: dict[str, Any], level: Level) -> tuple[bytes, HarReport]:
    """The clean file and the report. Raises `SecurityError` if a secret is still in there."""
    redactor = Redactor(level=level, key=secrets.token_bytes(32))
    entries = har["log"]["entries"]
    first = _Cleaner(redactor)
    first.har(har)
    # What was a secret in one place is looked for in every other.
    hosts = {host_of(text_at(members_at(each, "request"), "url")) for each in objects(entries)}
    known = {
        value: kind
        for value, kind in first.found.items()
        if len(value) >= SHORTEST_KNOWN and not is_public(value, hosts)
    }
    second = _Cleaner(replace(redactor, known=known))
    clean = second.har(har)
    data = json.dumps(clean, indent=1, ensure_ascii=False, allow_nan=False).encode(
        "utf-8", "surrogatepass"
    )
    if level is not Level.NONE and leaks(data, known):
        raise SecurityError(
            "The clean file was not written: it would still have held a secret.",
            advice="Please report which program made this HAR. Do not hand the original on.",
        )
    return _visible(clean).encode("utf-8") + b"\n", second.report


def _visible(clean: dict[str, Any]) -> str:
    """The same file, with escapes for what cannot be seen: it may be looked at in a terminal."""
    text = json.dumps(clean, indent=1, ensure_ascii=False, allow_nan=False)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text)


class _Cleaner:
    """One walk over a HAR."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.report = HarReport()
        self.found: dict[str, str] = {}
        self._place = ""

    def har(self, har: dict[str, Any]) -> dict[str, Any]:
        log = har["log"]
        self._place = "log"
        self._left_out(har, ("log",), "the file")
        self._left_out(log, ("version", "creator", "browser", "pages", "entries", "comment"))
        version = log.get("version")
        if version not in _VERSIONS:
            self._note("no version of HAR that is known here")
        clean: dict[str, Any] = {
            "version": version if version in _VERSIONS else "1.2",
            "creator": self._tool(log.get("creator")) or {"name": "unknown", "version": ""},
        }
        if browser := self._tool(log.get("browser")):
            clean["browser"] = browser
        clean["pages"] = [self._page(page) for page in objects(log.get("pages"))]
        clean["entries"] = []
        for number, entry in enumerate(log["entries"], start=1):
            self._place = f"entry {number}"
            if isinstance(entry, dict):
                clean["entries"].append(self._entry(entry))
            else:
                self._note("it is no object; left out")
        self.report.entries = len(clean["entries"])
        return {"log": clean}

    # ---- parts -------------------------------------------------------------------

    def _tool(self, tool: object) -> dict[str, str] | None:
        return self._texts(tool, "name", "version") if isinstance(tool, dict) else None

    def _texts(self, members: dict[str, Any], *names: str) -> dict[str, Any]:
        return {name: self._words(text_at(members, name)) for name in names}

    def _page(self, page: dict[str, Any]) -> dict[str, Any]:
        self._place = "a page"
        self._left_out(page, ("startedDateTime", "id", "title", "pageTimings", "comment"))
        timings = members_at(page, "pageTimings")
        return {
            **self._texts(page, "startedDateTime", "id", "title"),
            "pageTimings": {n: _number(timings.get(n)) for n in ("onContentLoad", "onLoad")},
        }

    def _entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        known = ("startedDateTime", "time", "request", "response", "cache", "timings")
        self._left_out(entry, (*known, *_OPTIONAL))
        timings = members_at(entry, "timings")
        clean = {
            **self._texts(entry, "startedDateTime"),
            "time": _number(entry.get("time"), 0),
            "request": self._request(members_at(entry, "request")),
            "response": self._response(members_at(entry, "response")),
            "cache": {},
            "timings": {name: _number(timings.get(name)) for name in _TIMINGS if name in timings},
        }
        for name in ("send", "wait", "receive"):
            clean["timings"].setdefault(name, 0)
        there = (name for name in _OPTIONAL if isinstance(entry.get(name), str))
        return clean | self._texts(entry, *there)

    def _request(self, request: dict[str, Any]) -> dict[str, Any]:
        known = ("method", "url", "httpVersion", "cookies", "headers", "queryString", "postData")
        self._left_out(request, (*known, "headersSize", "bodySize", "comment"))
        clean: dict[str, Any] = {
            **self._texts(request, "method"),
            "url": self._shown(self._redactor.url(text_at(request, "url"))),
            **self._texts(request, "httpVersion"),
            "cookies": self._cookies(request.get("cookies")),
            "headers": self._pairs(request.get("headers"), self._redactor.header),
            "queryString": self._pairs(request.get("queryString"), self._redactor.parameter),
            "headersSize": -1,
            "bodySize": _number(request.get("bodySize")),
        }
        post = request.get("postData")
        if isinstance(post, dict):
            clean["postData"], size = self._post(post)
            if size is not None:
                clean["bodySize"] = size
                _set_length(clean["headers"], size)
        return clean

    def _post(self, post: dict[str, Any]) -> tuple[dict[str, Any], int | None]:
        """The clean body; and its length, where the old one would tell that of a password."""
        self._left_out(post, ("mimeType", "text", "params", "comment", "encoding"))
        kind = text_at(post, "mimeType")
        clean: dict[str, Any] = {"mimeType": self._words(kind), "params": []}
        size: int | None = None
        text = post.get("text")
        if isinstance(text, str):
            body = self._redactor.body(text.encode("utf-8", "surrogatepass"), kind)
            clean["text"] = self._shown(body, what="the request's body")
            if any(_hides_length(find) for find in body.finds):
                size = len(body.data)
        params = [each for each in objects(post.get("params")) if "value" in each]
        clean["params"] = self._pairs(params, self._redactor.parameter)
        if len(params) < len(objects(post.get("params"))):
            self._note("a file of the request's body, left out")
        clean.setdefault("text", "")
        return clean, size

    def _response(self, response: dict[str, Any]) -> dict[str, Any]:
        known = ("status", "statusText", "httpVersion", "cookies", "headers", "content")
        self._left_out(response, (*known, "redirectURL", "headersSize", "bodySize", "comment"))
        return {
            "status": _number(response.get("status"), 0),
            **self._texts(response, "statusText", "httpVersion"),
            "cookies": self._cookies(response.get("cookies")),
            "headers": self._pairs(response.get("headers"), self._redactor.header),
            "content": self._content(members_at(response, "content")),
            "redirectURL": self._shown(self._redactor.url(text_at(response, "redirectURL"))),
            "headersSize": -1,
            "bodySize": _number(response.get("bodySize")),
        }

    def _content(self, content: dict[str, Any]) -> dict[str, Any]:
        self._left_out(content, ("size", "compression", "mimeType", "text", "encoding", "comment"))
        kind = text_at(content, "mimeType")
        clean: dict[str, Any] = {
            "size": _number(content.get("size"), 0),
            "mimeType": self._words(kind),
        }
        text = content.get("text")
        if not isinstance(text, str):
            return clean
        coded = content.get("encoding") == "base64"
        try:
            body = base64.b64decode(text) if coded else text.encode("utf-8", "surrogatepass")
        except (binascii.Error, ValueError):
            self._note("a body that is not the base64 it is said to be, left out")
            return clean
        done = self._redactor.body(body, kind)
        shown = self._shown(done, what="the answer's body")
        if coded:
            clean |= {"text": base64.b64encode(done.data).decode("ascii"), "encoding": "base64"}
        else:
            clean["text"] = shown
        return clean

    def _pairs(self, pairs: object, redact: Callable[[str, str], Redacted]) -> list[dict[str, str]]:
        clean = []
        for pair in objects(pairs):
            name, value = text_at(pair, "name"), text_at(pair, "value")
            done = redact(name, value)
            if value and not done.finds:
                self.report.kept.add(name[:60])
            clean.append({"name": self._words(name), "value": self._shown(done)})
        return clean

    def _cookies(self, cookies: object) -> list[dict[str, Any]]:
        clean = []
        for cookie in objects(cookies):
            done: dict[str, Any] = {
                "name": self._shown(self._redactor.cookie_name(text_at(cookie, "name"))),
                "value": self._shown(self._redactor.cookie(text_at(cookie, "value"))),
            }
            for name in ("path", "domain", "expires", "sameSite"):
                if isinstance(cookie.get(name), str) and cookie[name]:
                    attribute = self._redactor.cookie_attribute(name, cookie[name])
                    done[name] = self._shown(attribute)
            done |= {
                n: cookie[n] for n in ("httpOnly", "secure") if isinstance(cookie.get(n), bool)
            }
            clean.append(done)
        return clean

    # ---- words and notes ------------------------------------------------------------

    def _words(self, text: str) -> str:
        return self._shown(self._redactor.words(text)) if text else ""

    def _shown(self, done: Redacted, *, what: str = "") -> str:
        for find in done.finds:
            self.report.removed[find.kind] += 1
            if find.kind in _STRONG:
                value = find.value.encode("latin-1").decode("utf-8", "replace")
                for each in joined_values(value) if find.kind == "ck" else (value,):
                    self.found.setdefault(each, find.kind)
        if not done.understood:
            self._note(f"{what}, taken out whole")
        return done.data.decode("utf-8", "replace")

    def _left_out(
        self, members: Mapping[str, Any], known: tuple[str, ...], where: str | None = None
    ) -> None:
        for name in sorted(set(members) - set(known)):
            shown = name if is_plain_name(name.strip("_")) else self._redactor.words(name).text
            shown = shown[:60]
            self._note(f"the member {shown}, left out", where)

    def _note(self, what: str, where: str | None = None) -> None:
        places = self.report.places.setdefault(what, [])
        if (where or self._place) not in places[-1:]:
            places.append(where or self._place)


def _few(places: list[str]) -> str:
    """The first places in words, and how many more there are."""
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    return f"{', '.join(places[:_SHOWN])}{more}"


def _hides_length(find: Find) -> bool:
    return find.masked or len(find.value) < LONG


def _set_length(headers: list[dict[str, str]], size: int) -> None:
    for header in headers:
        if header["name"].lower() == "content-length":
            header["value"] = str(size)


def text_at(members: Mapping[str, Any], name: str) -> str:
    """The member of that name if it is a text; else an empty one."""
    value = members.get(name)
    return value if isinstance(value, str) else ""


def members_at(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The member of that name if it is an object; else an empty one."""
    value = members.get(name)
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[dict[str, Any]]:
    """The objects in a list; none if it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _number(value: object, default: float = -1) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return default
    return value if abs(value) < 10**15 else default
