"""Two requests held against each other on five layers, and the strongest equality that holds.

The layers are the connection (TLS), the request line, the headers, the bytes of the
body, and the decoded parameters. TLS is shown and does not count: a request is what
goes through a connection. What was taken out is compared by its tags (`sameness`).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from entra_oauth.errors import plain
from entra_oauth.protocol.messages import FORM
from entra_oauth.recording.compare.difference import Difference
from entra_oauth.recording.compare.sameness import Truth, all_of, has_placeholder, same, same_pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.protocol.messages import Wire
    from entra_oauth.recording.compare.sameness import Lengths
    from entra_oauth.recording.raw import RawMessage

__all__ = ["Comparison", "Equality", "Layer", "Side", "compare", "parameters"]


class Equality(StrEnum):
    """The strongest thing that holds. All but the last two need one method and one path."""

    BYTE_EQUAL = "BYTE-EQUAL"
    """Every byte of the request is the same."""
    BODY_EQUAL = "BODY-EQUAL"
    """There is a body, and every byte of it is the same."""
    SAME_PARAMETERS = "SAME-PARAMETERS"
    """The same names with the same decoded values, in whatever order and spelling."""
    DIFFERENT = "DIFFERENT"
    UNDECIDABLE = "UNDECIDABLE"
    """Nothing that is known differs, but something was taken out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two."""

    label: str
    message: RawMessage = field(repr=False)
    exact: bool = True
    """Whether the head is as it was on the wire, and not put together again."""
    body_exact: bool = True
    origin: str = ""
    """Names the recording whose tags stand in it; empty if that is not known."""
    tags: Lengths = field(default_factory=dict, repr=False)
    """That recording's tags, and how long their values are."""
    link: Wire | None = None
    corrected: frozenset[str] = frozenset()
    """Headers that the redaction had to change."""
    remark: str = ""
    """Where it comes from, in a sentence."""
    authority: str = ""
    """A remark on the authority of its recording, if that is none of Entra's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """The outcome of one layer."""

    name: str
    truth: Truth | None
    """None: there is nothing to compare."""
    summary: str
    differences: tuple[Difference, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The differences, one each."""
        return tuple(each.line for each in self.differences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The outcome. Its texts hold no secret if `show` let none through."""

    a: Side
    b: Side
    layers: tuple[Layer, ...]
    equality: Equality
    notes: tuple[str, ...] = ()

    @property
    def authorities(self) -> tuple[str, ...]:
        """The remarks on the authorities of the two, where these are none of Entra's."""
        a, b = self.a.authority, self.b.authority
        if a == b:
            return (a,) if a else ()
        return tuple(f"{name}: {remark}" for name, remark in (("A", a), ("B", b)) if remark)


def compare(a: Side, b: Side, *, show: Callable[[str, str, str], str]) -> Comparison:
    """Compare two requests.

    `show` makes a value fit to be shown; it gets where it stands (`header`,
    `parameter` or `target`), its name and the value.
    """
    pair = _Pair(a, b, a.tags if a.origin and a.origin == b.origin else None, show)
    layers = (pair.tls(), pair.line(), pair.headers(), pair.body(), pair.fields())
    return Comparison(a=a, b=b, layers=layers, equality=pair.equality(layers), notes=pair.notes())


def parameters(message: RawMessage) -> tuple[tuple[str, bytes], ...]:
    """Names and decoded values: of the query, then of a form or of a JSON object's members."""
    query = _target(message).partition(b"?")[2]
    found = [*_pairs(query)]
    body = message.decoded() or b""
    kind = (message.header("content-type") or "").lower()
    if kind.startswith(FORM):
        found += _pairs(body)
    elif "json" in kind and body:
        try:
            members = json.loads(body)
        except (ValueError, RecursionError):
            members = None
        if isinstance(members, dict):
            found += [(name, _json(value)) for name, value in members.items()]
    return tuple(found)


def _json(value: object) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value, sort_keys=True)).encode()


def _pairs(text: bytes) -> list[tuple[str, bytes]]:
    pieces = (piece.partition(b"=") for piece in text.split(b"&") if piece)
    return [(_decoded(name).decode("utf-8", "replace"), _decoded(raw)) for name, _, raw in pieces]


def _decoded(raw: bytes) -> bytes:
    return unquote_to_bytes(raw.replace(b"+", b" "))


def _target(message: RawMessage) -> bytes:
    parts = message.start.split(b" ")
    return parts[1] if len(parts) > 1 else b""


@dataclass(frozen=True, slots=True)
class _Pair:
    a: Side
    b: Side
    tags: Lengths | None
    show: Callable[[str, str, str], str]

    # ---- layers ------------------------------------------------------------------

    def tls(self) -> Layer:
        facts = [_tls_facts(side.link) for side in (self.a, self.b)]
        if not all(facts):
            lacking = " and ".join(n for n, f in zip("AB", facts, strict=True) if not f)
            return Layer(name="TLS", truth=None, summary=f"nothing is known of {lacking}")
        found = tuple(
            Difference(name=name, a=plain(facts[0][name]), b=plain(facts[1][name]))
            for name in facts[0]
            if facts[0][name] != facts[1][name]
        )
        truth = Truth.NO if found else Truth.YES
        return Layer(name="TLS", truth=truth, summary=truth.value, differences=found)

    def line(self) -> Layer:
        one, other = self.a.message.start, self.b.message.start
        truth = self._pieces(one, other)
        found: tuple[Difference, ...] = ()
        if truth is not Truth.YES:
            found = (Difference(a=self._start(one), b=self._start(other)),)
        return Layer(name="request line", truth=truth, summary=truth.value, differences=found)

    def _start(self, line: bytes) -> str:
        method, _, rest = line.decode("latin-1").partition(" ")
        target, space, version = rest.rpartition(" ")
        shown = plain(self.show("target", "", target or version))
        return f"{plain(method)} {shown}{space}{plain(version)}"

    def headers(self) -> Layer:
        one, other = self.a.message.headers, self.b.message.headers
        names = [[name.lower() for name, _ in headers] for headers in (one, other)]
        truths, found = self._values(
            [(n, v.encode("latin-1")) for n, v in one],
            [(n, v.encode("latin-1")) for n, v in other],
            where="header",
        )
        order = "in the same order" if names[0] == names[1] else "in another order"
        wires = all_of([Truth.NO])
        if names[0] == names[1]:
            pairs = zip(self.a.message.lines, self.b.message.lines, strict=True)
            wires = all_of([*(self._same(x, y) for x, y in pairs), *truths])
        if Counter(names[0]) == Counter(names[1]):
            summary = f"the same names {order}"
            if found:
                summary += f"; {_count(len(found), 'value')} not the same"
            elif wires is Truth.NO and names[0] == names[1]:
                summary += ", spelled or spaced differently"
        else:
            summary = "not the same names"
        if not self.a.exact or not self.b.exact:
            wires = Truth.UNKNOWN if wires is Truth.YES else wires
            summary += "; their bytes were not kept on both sides"
        return Layer(name="headers", truth=wires, summary=summary, differences=tuple(found))

    def body(self) -> Layer:
        one, other = self.a.message.body, self.b.message.body
        if self._lacks_a_body():
            return Layer(name="body bytes", truth=Truth.UNKNOWN, summary="not kept on both sides")
        if not one and not other:
            return Layer(name="body bytes", truth=None, summary="neither has a body")
        truth = self._pieces(one, other)
        if not (self.a.body_exact and self.b.body_exact):
            truth = Truth.UNKNOWN
        sizes = f"{len(one):,}" if len(one) == len(other) else f"{len(one):,} and {len(other):,}"
        return Layer(name="body bytes", truth=truth, summary=f"{truth.value} ({sizes} bytes)")

    def _lacks_a_body(self) -> bool:
        """True if one of them had a body of which nothing was kept."""
        return any(not side.body_exact and not side.message.body for side in (self.a, self.b))

    def fields(self) -> Layer:
        one, other = parameters(self.a.message), parameters(self.b.message)
        if self._lacks_a_body():
            summary = "the body that may hold some was not kept on both sides"
            return Layer(name="parameters", truth=Truth.UNKNOWN, summary=summary)
        if not one and not other:
            return Layer(name="parameters", truth=None, summary="neither has parameters")
        truths, found = self._values(list(one), list(other), where="parameter")
        truth = all_of(truths)
        summary = truth.value
        orders = [[name for name, _ in fields] for fields in (one, other)]
        if orders[0] == orders[1]:
            summary += ", in the same order"
        elif sorted(orders[0]) == sorted(orders[1]):
            summary += ", in another order"
            shown = ["  >  ".join(plain(n, limit=40) for n in names) for names in orders]
            found.append(Difference(name="order", a=shown[0], b=shown[1], is_order=True))
        return Layer(name="parameters", truth=truth, summary=summary, differences=tuple(found))

    def _values(
        self, one: list[tuple[str, bytes]], other: list[tuple[str, bytes]], *, where: str
    ) -> tuple[list[Truth], list[Difference]]:
        """Names that both have, each with its first, second … value; then what one has alone."""
        truths: list[Truth] = []
        found: list[Difference] = []
        mark = ": " if where == "header" else "="
        rest = list(other)
        for name, value in one:
            twin = next((p for p in rest if _key(p[0], where) == _key(name, where)), None)
            if twin is None:
                truths.append(Truth.NO)
                shown = self._shown(where, name, value)
                found.append(Difference(name=plain(name, limit=60), a=shown, b=None, mark=mark))
                continue
            rest.remove(twin)
            truth = self._same(value, twin[1], decoded=where == "parameter")
            if where == "header" and _key(name, where) in self.a.corrected | self.b.corrected:
                truth = Truth.UNKNOWN
            truths.append(truth)
            if truth is not Truth.YES:
                found.append(
                    Difference(
                        name=plain(name, limit=60),
                        a=self._shown(where, name, value),
                        b=self._shown(where, name, twin[1]),
                        is_undecidable=truth is Truth.UNKNOWN,
                    )
                )
        for name, value in rest:
            truths.append(Truth.NO)
            shown = self._shown(where, name, value)
            found.append(Difference(name=plain(name, limit=60), a=None, b=shown, mark=mark))
        return truths, found

    def _shown(self, where: str, name: str, value: bytes) -> str:
        return plain(self.show(where, name, value.decode("utf-8", "replace")))

    def _same(self, one: bytes, other: bytes, *, decoded: bool = False) -> Truth:
        return same(one, other, tags=self.tags, decoded=decoded)

    def _pieces(self, one: bytes, other: bytes) -> Truth:
        return same_pieces(one, other, tags=self.tags)

    # ---- the end -----------------------------------------------------------------

    def equality(self, layers: tuple[Layer, ...]) -> Equality:
        _, line, headers, body, fields = layers
        place = self._place()
        whole = all_of(t for t in (line.truth, headers.truth, body.truth) if t is not None)
        if whole is Truth.YES and bytes(self.a.message) and self._framing():
            return Equality.BYTE_EQUAL
        if place is Truth.YES and body.truth is Truth.YES:
            return Equality.BODY_EQUAL
        truth = all_of([place, fields.truth or Truth.YES])
        if fields.truth is None and body.truth is not None:
            truth = all_of([place, body.truth])
        if truth is Truth.YES:
            return Equality.SAME_PARAMETERS
        return Equality.UNDECIDABLE if truth is Truth.UNKNOWN else Equality.DIFFERENT

    def _framing(self) -> bool:
        """True if also line ends and what came before the head are the same."""
        a, b = self.a.message, self.b.message
        return (a.newline, a.whole, a.interim) == (b.newline, b.whole, b.interim)

    def _place(self) -> Truth:
        methods = [m.start.split(b" ")[0] for m in (self.a.message, self.b.message)]
        paths = [_target(m).partition(b"?")[0] for m in (self.a.message, self.b.message)]
        return Truth.NO if methods[0] != methods[1] else self._same(paths[0], paths[1])

    def notes(self) -> tuple[str, ...]:
        notes = [
            f"{name}: {side.remark}" for name, side in (("A", self.a), ("B", self.b)) if side.remark
        ]
        if any(has_placeholder(bytes(side.message)) for side in (self.a, self.b)):
            notes.append(
                "Values that were taken out are compared by their tags."
                if self.tags is not None
                else "Values that were taken out cannot be compared: the two are not of one "
                "recording."
            )
        return tuple(notes)


def _key(name: str, where: str) -> str:
    return name.lower() if where == "header" else name


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _tls_facts(link: Wire | None) -> dict[str, str]:
    if link is None or link.tls_version is None:
        return {}
    return {
        "version": link.tls_version,
        "cipher": link.cipher or "",
        "ALPN": link.alpn or "none",
        "certificate": _fingerprint(link.certificates[0]) if link.certificates else "",
    }


def _fingerprint(der: bytes) -> str:
    import hashlib

    return f"sha256 {hashlib.sha256(der).hexdigest()}"
