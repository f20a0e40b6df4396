"""One walk over a HAR: it is built again from the members that are understood.

Whatever else it holds, programs' own additions above all, is left out, and the report says so.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from entra_oauth.protocol.glossary.secrecy import is_plain_name
from entra_oauth.recording.har.har_members import members_at, number_in, objects, pairs_in, text_at
from entra_oauth.recording.redaction.bodies import LARGEST_BODY
from entra_oauth.recording.redaction.redact import Redacted, Redactor
from entra_oauth.recording.redaction.walked_parts import Part, Parts

__all__ = ["HarCleaner", "HarReport", "Progress", "tell_nobody"]

_SHOWN = 5
_VERSIONS = ("1.1", "1.2", "1.3")
_OPTIONAL = ("pageref", "serverIPAddress", "connection", "comment", "_resourceType", "_error")
_TIMINGS = ("blocked", "dns", "connect", "send", "wait", "receive", "ssl")


@dataclass(slots=True)
class HarReport:
    """The values that were removed, the names left as they were, and what was not understood."""

    entries: int = 0
    authority: str = ""
    """A remark on the authority, if that is none of Entra's."""
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


Progress = Callable[[int, int], None]
"""Is told how many entries of how many were walked over."""


def tell_nobody(done: int, of: int) -> None:
    """No progress is told."""


class HarCleaner:
    """One walk over a HAR."""

    def __init__(self, parts: Parts, progress: Progress = tell_nobody) -> None:
        self._parts = parts
        self._progress = progress
        self.report = HarReport()
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
            self._progress(number, len(log["entries"]))
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
            "pageTimings": {n: number_in(timings.get(n)) for n in ("onContentLoad", "onLoad")},
        }

    def _entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        known = ("startedDateTime", "time", "request", "response", "cache", "timings")
        self._left_out(entry, (*known, *_OPTIONAL))
        timings = members_at(entry, "timings")
        clean = {
            **self._texts(entry, "startedDateTime"),
            "time": number_in(entry.get("time"), 0),
            "request": self._request(members_at(entry, "request")),
            "response": self._response(members_at(entry, "response")),
            "cache": {},
            "timings": {name: number_in(timings.get(name)) for name in _TIMINGS if name in timings},
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
            "url": self._cleaned(Redactor.url, text_at(request, "url")),
            **self._texts(request, "httpVersion"),
            "cookies": self._cookies(request.get("cookies")),
            "headers": self._pairs(request.get("headers"), Redactor.header),
            "queryString": self._pairs(request.get("queryString"), Redactor.parameter),
            "headersSize": -1,
            "bodySize": number_in(request.get("bodySize")),
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
            body = self._parts.body(text.encode("utf-8", "surrogatepass"), kind)
            clean["text"] = self._shown(body, what="the request's body")
            if body.hides_length:
                size = len(body.text.encode("utf-8"))
        params = [each for each in objects(post.get("params")) if "value" in each]
        clean["params"] = self._pairs(params, Redactor.parameter)
        if len(params) < len(objects(post.get("params"))):
            self._note("a file of the request's body, left out")
        clean.setdefault("text", "")
        return clean, size

    def _response(self, response: dict[str, Any]) -> dict[str, Any]:
        known = ("status", "statusText", "httpVersion", "cookies", "headers", "content")
        self._left_out(response, (*known, "redirectURL", "headersSize", "bodySize", "comment"))
        return {
            "status": number_in(response.get("status"), 0),
            **self._texts(response, "statusText", "httpVersion"),
            "cookies": self._cookies(response.get("cookies")),
            "headers": self._pairs(response.get("headers"), Redactor.header),
            "content": self._content(members_at(response, "content")),
            "redirectURL": self._cleaned(Redactor.url, text_at(response, "redirectURL")),
            "headersSize": -1,
            "bodySize": number_in(response.get("bodySize")),
        }

    def _content(self, content: dict[str, Any]) -> dict[str, Any]:
        self._left_out(content, ("size", "compression", "mimeType", "text", "encoding", "comment"))
        kind = text_at(content, "mimeType")
        clean: dict[str, Any] = {
            "size": number_in(content.get("size"), 0),
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
        done = self._parts.body(body, kind, coded=coded)
        clean["text"] = self._shown(done, what="the answer's body")
        if coded:
            clean["encoding"] = "base64"
        return clean

    def _pairs(
        self, pairs: object, how: Callable[[Redactor, str, str], Redacted]
    ) -> list[dict[str, str]]:
        clean = []
        for pair in pairs_in(pairs):
            name, value = text_at(pair, "name"), _one_text(pair.get("value"))
            done = self._parts.redact(how, name, value)
            if value and not done.removed:
                self.report.kept.add(name[:60])
            clean.append({"name": self._words(name), "value": self._shown(done)})
        return clean

    def _cookies(self, cookies: object) -> list[dict[str, Any]]:
        clean = []
        for cookie in objects(cookies):
            done: dict[str, Any] = {
                "name": self._cleaned(Redactor.cookie_name, text_at(cookie, "name")),
                "value": self._cleaned(Redactor.cookie, text_at(cookie, "value")),
            }
            for name in ("path", "domain", "expires", "sameSite"):
                if isinstance(cookie.get(name), str) and cookie[name]:
                    done[name] = self._cleaned(Redactor.cookie_attribute, name, cookie[name])
            done |= {
                n: cookie[n] for n in ("httpOnly", "secure") if isinstance(cookie.get(n), bool)
            }
            clean.append(done)
        return clean

    # ---- words and notes ------------------------------------------------------------

    def _words(self, text: str) -> str:
        return self._cleaned(Redactor.words, text) if text else ""

    def _cleaned(self, how: Callable[..., Redacted], *texts: str) -> str:
        return self._shown(self._parts.redact(how, *texts))

    def _shown(self, part: Part, *, what: str = "") -> str:
        for kind, count in part.removed.items():
            self.report.removed[kind] += count
        if not part.understood:
            larger = f", larger than {LARGEST_BODY // 2**20} MiB" if part.too_large else ""
            self._note(f"{what}{larger}, taken out whole")
        return part.text

    def _left_out(
        self, members: Mapping[str, Any], known: tuple[str, ...], where: str | None = None
    ) -> None:
        for name in sorted(set(members) - set(known)):
            if not is_plain_name(name.strip("_")):
                name = self._parts.redact(Redactor.words, name).text
            self._note(f"the member {name[:60]}, left out", where)

    def _note(self, what: str, where: str | None = None) -> None:
        places = self.report.places.setdefault(what, [])
        if (where or self._place) not in places[-1:]:
            places.append(where or self._place)


def _one_text(value: object) -> str:
    """A value; several, as Polly.js lists them, a line each."""
    several = value if isinstance(value, list) else [value]
    return "\n".join(each for each in several if isinstance(each, str))


def _few(places: list[str]) -> str:
    """The first places in words, and how many more there are."""
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    return f"{', '.join(places[:_SHOWN])}{more}"


def _set_length(headers: list[dict[str, str]], size: int) -> None:
    for header in headers:
        if header["name"].lower() == "content-length":
            header["value"] = str(size)
