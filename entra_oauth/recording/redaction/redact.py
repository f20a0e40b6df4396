"""Taking the secrets out of messages, before anything is written. Pure: no file, no clock.

Every container is taken apart: request line, headers, form, JSON, JWT, HTML, and those
inside one another. A long value is replaced by one of the same length that shows its
kind and a keyed tag; a password, and whatever is short, by a fixed mask. So messages
keep their shape and, where nothing was masked, their length.

A body that is not understood is taken out whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from entra_oauth.protocol.glossary.secrecy import Act, header_treatment, is_plain_name
from entra_oauth.recording.raw import RawMessage, pack, split_message
from entra_oauth.recording.redaction.bodies import LARGEST_BODY, body_finds
from entra_oauth.recording.redaction.cookies import COOKIE, cookie_attribute, cookie_name, cookies
from entra_oauth.recording.redaction.finder import Finder, Looked, find
from entra_oauth.recording.redaction.finds import LONG, Find, Settled, apply, is_taken_out, settled
from entra_oauth.recording.redaction.people.known_names import KnownNames
from entra_oauth.recording.redaction.views import View, as_bytes_text, whole
from entra_oauth.recording.step import Half, Level, Seen, Step

__all__ = ["Redacted", "Redactor"]

_PLACE = re.compile(r"(?:[a-z0-9.-]{1,255}|\[[0-9a-f:.]{2,45}\]):[0-9]{1,5}", re.I)
"""What a proxy is asked to be connected with (RFC 9112 section 3.2.3)."""
_VERSION = re.compile(r" HTTP/[0-9](?:\.[0-9])?[ \t]*+\Z")
"""The end of a request line (RFC 9112 section 3)."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text or a body that may be shown, and what was taken out."""

    data: bytes = field(repr=False)
    finds: tuple[Find, ...]
    earlier: tuple[Find, ...] = ()
    """Finds that may be in wider ones of `finds`."""
    understood: bool = True
    too_large: bool = False
    """It was not looked into, for its size, and is gone whole."""

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")


@dataclass(frozen=True, kw_only=True)
class Redactor:
    """Redacts everything of one recording with one key, so that equal values look equal."""

    level: Level
    key: bytes = field(repr=False)
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets that are to be found wherever they stand, and their kinds. Of 12 characters
    and more: a short word would be found in the middle of others."""
    names: Collection[str] = field(default=(), repr=False)
    """Names of people and tenants that are known, for the level that takes them out. They are
    found wherever they stand, short ones as words of their own (`people/gathered_names.py`)."""
    looked: list[Looked] | None = field(default=None, repr=False)
    """Gets each text that was decoded and looked into, where that is wanted."""

    @cached_property
    def _finder(self) -> Finder:
        known = {as_bytes_text(secret): kind for secret, kind in self.known.items()}
        people = self.level is Level.PII
        names = KnownNames(self.names) if people and self.names else None
        return Finder(key=self.key, people=people, known=known, names=names, looked=self.looked)

    def unnamed(self, words: str) -> str:
        """Words of our own without the names that are known, and otherwise as they are."""
        names = self._finder.names
        if names is None or not words:
            return words
        text = as_bytes_text(words)
        found = [find("pii", place) for place in names.places(whole(text))]
        return apply(text, found, self.key)[0].encode("latin-1").decode("utf-8", "replace")

    # ---- parts -------------------------------------------------------------------

    def url(self, url: str) -> Redacted:
        """An address, with query and fragment."""
        text = as_bytes_text(url)
        return self._done(text, lambda now: [*self._finder.url(whole(now))])

    def words(self, words: str) -> Redacted:
        """A text for people."""
        text = as_bytes_text(words)
        return self._done(text, lambda now: [*self._finder.words(whole(now), 0)])

    def parameter(self, name: str, value: str) -> Redacted:
        """A decoded value of that name."""
        text = as_bytes_text(value)
        return self._done(text, lambda now: [*self._finder.named(name, whole(now), 0, ("S256",))])

    def header(self, name: str, value: str) -> Redacted:
        """The value of a header."""
        text = as_bytes_text(value)
        return self._done(text, lambda now: self._header(name, whole(now)))

    def cookie(self, value: str) -> Redacted:
        """The value of a cookie."""
        text = as_bytes_text(value)
        return self._done(text, lambda now: [*self._finder.ruled(COOKIE, whole(now).strip(), 0)])

    def cookie_name(self, name: str) -> Redacted:
        """The name of a cookie."""
        text = as_bytes_text(name)
        finder = self._finder
        return self._done(
            text, lambda now: [*cookie_name(finder, whole(now)), *finder.words(whole(now), 0)]
        )

    def cookie_attribute(self, name: str, value: str) -> Redacted:
        """The value of an attribute of a cookie."""
        text = as_bytes_text(value)
        return self._done(text, lambda now: [*cookie_attribute(self._finder, name, whole(now))])

    def body(self, body: bytes, content_type: str = "") -> Redacted:
        """A decoded body. What is not understood is taken out whole."""
        kind = content_type.lower()

        def look(text: str) -> list[Find] | None:
            data = text.encode("latin-1")
            return body_finds(self._finder, data, whole(text), kind, self.known)

        done = self._done(body.decode("latin-1"), look, kind="body")
        return replace(done, too_large=not done.understood and len(body) > LARGEST_BODY)

    def _done(
        self, text: str, look: Callable[[str], list[Find] | None], kind: str = "val"
    ) -> Redacted:
        """The text without what is found; without all, of that kind, if that comes to no end."""
        if self.level is Level.NONE or not text:
            return Redacted(text.encode("latin-1"), ())
        done = self._settled(text, look)
        if done is None:
            clean, counted = apply(text, [find(kind, whole(text))], self.key)
            return Redacted(clean.encode("latin-1"), tuple(counted), understood=kind != "body")
        return Redacted(done.text.encode("latin-1"), tuple(done.finds), tuple(done.earlier))

    def _settled(self, text: str, look: Callable[[str], list[Find] | None]) -> Settled | None:
        first = look(text)
        decoded = len(self.looked or ())
        done = settled(text, lambda now: first if now is text else look(now), self.key)
        if self.looked is not None:
            del self.looked[decoded:]  # texts of what was redacted already hold nothing new
        return done

    def _header(self, name: str, value: View) -> list[Find]:
        finder, value = self._finder, value.strip()
        if not value.text:
            return []
        lower = name.strip().lower()
        if lower in ("authorization", "proxy-authorization"):
            return [*finder.credentials(value)]
        if lower in ("cookie", "set-cookie"):
            return [*cookies(finder, value, attributes=lower == "set-cookie")]
        rule = header_treatment(name)
        if rule.act is Act.URL:
            return [*finder.url(value)]
        return [*finder.ruled(rule, value, 0)]

    # ---- messages ----------------------------------------------------------------

    def message(self, data: bytes) -> tuple[bytes, tuple[Find, ...], tuple[str, ...]]:
        """A message as on the wire: its new bytes, what was found, what else had to change."""
        if self.level is Level.NONE or not data:
            return data, (), ()
        message = split_message(data)
        if not message.whole:
            return *self._gone("msg", data), ("not-understood",)
        interim, before, _ = self.message(message.interim) if message.interim else (b"", (), ())
        # Head and body are redacted apart, then made to agree again: a body that was masked is
        # shorter, so Content-Length is set by the difference, and what was wrong stays wrong.
        head, in_head = self._head(message)
        after = replace(split_message(head), interim=interim)
        body, in_body, changes = self._framed(message)
        after, more = _true_length(after, len(body) - len(message.body))
        return bytes(after.with_body(body)), (*before, *in_head, *in_body), (*changes, *more)

    def _gone(self, kind: str, data: bytes) -> tuple[bytes, tuple[Find, ...]]:
        """All of it, unless it is gone already."""
        text = data.decode("latin-1")
        finds = [] if is_taken_out(text) else [find(kind, whole(text))]
        clean, counted = apply(text, finds, self.key)
        return clean.encode("latin-1"), tuple(counted)

    def _head(self, message: RawMessage) -> tuple[bytes, tuple[Find, ...]]:
        head = bytes(replace(message, interim=b"", body=b""))
        text = head.decode("latin-1")
        done = self._settled(text, self._in_head)
        if done is None:
            # What came of it is whole no more: the first time counts, for a head keeps its form.
            clean, counted = apply(text, self._in_head(text), self.key)
            return clean.encode("latin-1"), tuple(counted)
        return done.text.encode("latin-1"), tuple(done.finds)

    def _in_head(self, text: str) -> list[Find]:
        message, view = split_message(text.encode("latin-1")), whole(text)
        finds = self._start_line(view.cut(0, len(message.start)))
        at = len(message.start) + len(message.newline)
        for line in message.lines:
            finds += self._line(view.cut(at, at + len(line)))
            at += len(line) + len(message.newline)
        return finds

    def _start_line(self, line: View) -> list[Find]:
        if line.text.startswith("HTTP/"):
            return [*self._finder.words(line, 0)]
        method, rest = line.partition(" ")
        version = _VERSION.search(rest.text)
        target = rest.cut(0, version.start()) if version else rest
        if method.text == "CONNECT" and _PLACE.fullmatch(target.text):
            return []
        finds = [] if method.text.isalpha() else [*self._finder.words(method, 0)]
        if " " in target.text:  # no address has a blank: what follows it may be anything
            finds += self._finder.words(target, 0)
        return finds + [*self._finder.url(target)] if target.text else finds

    def _line(self, line: View) -> list[Find]:
        name, value = line.partition(":")
        if ":" not in line.text or not is_plain_name(name.text):
            inner = line.strip()
            return [find("val", inner)] if inner.text and not is_taken_out(inner.text) else []
        return self._header(name.text, value)

    def _framed(self, message: RawMessage) -> tuple[bytes, tuple[Find, ...], tuple[str, ...]]:
        """The body as it goes on the wire again."""
        if not message.body:
            return b"", (), ()
        decoded = message.decoded()
        if decoded is None:
            return *self._gone("body", message.body), ("not-understood",)
        clean = self.body(decoded, message.header("content-type") or "")
        why = "too-large" if clean.too_large else "not-understood"
        changes: tuple[str, ...] = () if clean.understood else (why,)
        if clean.data == decoded and not message.is_chunked:
            return message.body, clean.finds, changes
        packed = clean.data
        if message.coding:
            packed = pack(clean.data, message.coding) if clean.data != decoded else b""
            packed = packed or (message.unframed() or b"")
            changes += ("compressed-again",) if clean.data != decoded else ()
        if not message.is_chunked:
            return packed, clean.finds, changes
        framed, more = _chunked(message, packed)
        return framed, clean.finds, changes + more

    # ---- steps -------------------------------------------------------------------

    def step(self, step: Step) -> tuple[Step, tuple[Find, ...]]:
        """A step as it may be written."""
        if self.level is Level.NONE:
            return step, ()
        request, one = self._half(step.request)
        response, two = self._half(step.response)
        url, note = self.url(step.url), self.words(step.note)
        link = step.link
        sent, three, _ = self.message(link.tunnel_sent)
        received, four, _ = self.message(link.tunnel_received)
        link = replace(link, tunnel_sent=sent, tunnel_received=received)
        if self.level is Level.PII and link.proxy:
            link = replace(link, proxy="~pii~", peer="~pii~")
        done = replace(
            step, request=request, response=response, url=url.text, note=note.text, link=link
        )
        if step.failure:
            done = replace(done, failure=self.unnamed(step.failure))
        return done, (*one, *two, *url.finds, *note.finds, *three, *four)

    def _half(self, half: Half) -> tuple[Half, tuple[Find, ...]]:
        if half.seen is Seen.ADDRESS:
            address = self.url(half.data.decode("utf-8", "replace"))
            return self._sized(half, address.data, address.finds, ()), address.finds
        data, finds, changes = self.message(half.data)
        return self._sized(half, data, finds, changes), finds

    def _sized(
        self, half: Half, data: bytes, finds: tuple[Find, ...], changes: tuple[str, ...]
    ) -> Half:
        # The size on the wire, beside the size of what is left, would give a masked password's
        # length away.
        hidden = any(each.masked or len(each.value) < LONG for each in finds)
        size = None if hidden else half.original_size
        return replace(half, data=data, original_size=size, changes=changes)


def _chunked(message: RawMessage, body: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The body in the chunks that it came in; in one, if it has another length."""
    found = message.chunks()
    chunks, end = found if found is not None else ((), b"0\r\n\r\n")
    changes: tuple[str, ...] = ()
    if end.strip(b"\r\n") != b"0":  # what stands after the last chunk is rarely looked at
        end, changes = b"0\r\n\r\n", ("trailer",)
    if body == b"".join(chunks):
        before_end = message.body[: len(message.body) - len(found[1])] if found else b""
        return before_end + end, changes
    if len(body) != sum(map(len, chunks)):
        return b"%x\r\n%b\r\n" % (len(body), body) + end, (*changes, "chunks")
    out, at = [], 0
    for chunk in chunks:
        out.append(b"%x\r\n%b\r\n" % (len(chunk), body[at : at + len(chunk)]))
        at += len(chunk)
    return b"".join(out) + end, changes


def _true_length(message: RawMessage, difference: int) -> tuple[RawMessage, tuple[str, ...]]:
    """Have Content-Length say what is there now."""
    value = message.header("content-length")
    if not difference or value is None or not value.isdigit() or message.is_chunked:
        return message, ()
    lines = list(message.lines)
    for index, line in enumerate(lines):
        name, _, old = line.partition(b":")
        if name.lower() == b"content-length" and old.strip().isdigit():
            size = str(max(int(old) + difference, 0)).encode("ascii")
            lines[index] = name + b":" + old.replace(old.strip(), size)
    return replace(message, lines=tuple(lines)), ("content-length",)
