"""Tenant, client and account of one recording, and the placeholders that stand for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden
from entra_oauth.protocol.messages import is_loopback, split_origin
from entra_oauth.recording.redaction.finds import looks_secret

__all__ = ["ANY_TENANT", "NamesOfOne", "names_of"]

ANY_TENANT = frozenset(("common", "organizations", "consumers"))
"""They say which accounts may sign in: no tenant's name."""

_ACCOUNT = ("login_hint", "username", "preferred_username", "upn", "unique_name", "email", "oid")
_SHORTEST = 6
"""Characters from which on a name is replaced wherever it stands."""
_GUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesOfOne:
    """What is another one in the next recording of the same client."""

    pairs: tuple[tuple[str, str], ...] = field(repr=False)
    """Names and their placeholders, the longest name first."""

    def without(self, text: str) -> str:
        """The text with placeholders."""
        for name, placeholder in self.pairs:
            if name.lower() in text.lower():
                text = re.sub(re.escape(name), placeholder, text, flags=re.IGNORECASE)
        return text

    def address(self, url: str) -> str:
        """Scheme, host and path; the port of a loopback address is the program's own choice."""
        url = url.partition("#")[0]
        origin, target = split_origin(url) if "://" in url.partition("?")[0] else ("", url)
        scheme, _, place = origin.partition("://")
        host, colon, port = place.rpartition(":")
        if colon and port.isdigit() and is_loopback(host.strip("[]")):
            place = f"{host}:{{port}}"
        segments = target.partition("?")[0].split("/")
        tenant = _tenant_at(segments)
        shown = [
            "{tenant}" if at == tenant and each not in ANY_TENANT else self._segment(each)
            for at, each in enumerate(segments)
        ]
        return f"{scheme}://{place}{'/'.join(shown)}" if place else "/".join(shown)

    def _segment(self, segment: str) -> str:
        text = self.without(segment)
        if "{" in text and not re.fullmatch(r"\{[a-z0-9-]+\}", text):
            return "{value}"
        is_free = _GUID.fullmatch(text) or hidden(text) or looks_secret(text)
        return "{value}" if is_free else text


def _tenant_at(segments: list[str]) -> int:
    """The index of the tenant in a path of an authority; -1 where there is none."""
    known = ("oauth2", "discovery", ".well-known", "v2.0")
    return 1 if len(segments) > 2 and segments[2] in known else -1


def names_of(items: Iterable[Item]) -> NamesOfOne:
    """The names that stand in these steps."""
    found: dict[str, str] = {}
    for kind, values in (("tenant", _tenants), ("client", _clients), ("account", _accounts)):
        names = dict.fromkeys(value for item in items for value in values(item))
        good = [n for n in names if len(n) >= _SHORTEST and n.lower() not in ANY_TENANT]
        for number, name in enumerate((n for n in good if not hidden(n)), start=1):
            found.setdefault(name, f"{{{kind}}}" if number == 1 else f"{{{kind}-{number}}}")
    return NamesOfOne(pairs=tuple(sorted(found.items(), key=lambda pair: -len(pair[0]))))


def _tenants(item: Item) -> Iterator[str]:
    segments = split_origin(item.url)[1].partition("?")[0].split("/")
    if item.kind is not StepKind.RESOURCE and (at := _tenant_at(segments)) > 0:
        yield segments[at]
    for token in item.jwts.values():
        yield token.text("tid") or ""


def _clients(item: Item) -> Iterator[str]:
    yield item.get("client_id") or ""


def _accounts(item: Item) -> Iterator[str]:
    for name in _ACCOUNT:
        yield item.get(name) or ""
        for token in item.jwts.values():
            yield token.text(name) or ""
