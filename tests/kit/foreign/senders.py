"""Who sent what to whom: by the bytes on the sockets, and by what each export says of it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

from entra_oauth.recording import Exchange

__all__ = ["SAID_BY", "Pair", "by_the_socket"]

Pair = tuple[str, str]
"""Sender and receiver, in lower case."""
_ACTORS = "Browser|Program|Authority|API|Person"
_PAIR = rf"({_ACTORS}) to ({_ACTORS})"


def by_the_socket(exchange: Exchange, *, authority: str) -> Pair:
    """Told from the request's own bytes: browsers and programs say which they are.

    The practice browser says nothing of itself; each program names itself, or shows a token.
    `authority` is the host and port of the one that is asked.
    """
    sent = exchange.wire.sent if exchange.wire else exchange.request.raw
    head = sent.partition(b"\r\n\r\n")[0].decode("latin-1")
    fields = {n.lower(): v.strip() for n, _, v in (x.partition(":") for x in head.split("\r\n"))}
    named = fields.get("user-agent", "a program" if "authorization" in fields else "Mozilla/")
    sender = "browser" if named.startswith("Mozilla/") else "program"
    host = fields.get("host", "") or exchange.request.url.split("/")[2]
    target = head.partition(" ")[2].partition(" ")[0]
    if "azuredatabricks" in host or "/api/2.0/" in target:
        return sender, "api"
    return sender, "authority" if host == authority else "program"


def _pairs(found: Sequence[tuple[str, ...]]) -> list[Pair]:
    return [(sender.lower(), receiver.lower()) for sender, receiver in found]


def _shown(text: str) -> list[Pair]:
    return _pairs(re.findall(rf"(?m)^ +[0-9]+  (?:front|back) +{_PAIR}", text))


def _curl(text: str) -> list[Pair]:
    return _pairs(re.findall(rf"(?m)^# [0-9]+ .*\({_PAIR}\)$", text))


def _markdown(text: str) -> list[Pair]:
    return _pairs(re.findall(rf"(?m)^{_PAIR}: ", text))


def _mermaid(text: str) -> list[Pair]:
    found = re.findall(r"(?m)^ +([A-Z]+)->>([A-Z]+): (.*)$", text)
    return _pairs([(a, b) for a, b, words in found if words != "opens the authorize URL"])


def _page(text: str) -> list[Pair]:
    bare = html.unescape(re.sub(r"<[^>]+>", "\n", text))
    return _pairs(re.findall(rf"(?m)^({_ACTORS}) → ({_ACTORS}) · (?:front|back) channel", bare))


def _list(text: str) -> list[Pair]:
    """The list below the drawing, for whoever cannot see it."""
    bare = html.unescape(re.sub(r"<[^>]+>", "\n", text))
    return _pairs(re.findall(rf"(?m)^{_PAIR}, (?:front|back) channel\.", bare))


def _drawing(text: str) -> list[Pair]:
    """The arrows with numbers: from the circle at their beginning to the head at their end."""
    svg = text.partition("<svg")[2].partition("</svg>")[0]
    at = {float(x): who for x, who in re.findall(r'class="who" x="([\d.]+)"[^>]*>([^<]+)<', svg)}
    arrows = re.findall(
        r'<line class="(?:back|front)" x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)"', svg
    )
    circles = {y for _, y in re.findall(r'<circle class="[a-z]+" cx="([\d.]+)" cy="([\d.]+)"', svg)}
    found = []
    for x1, y, x2 in arrows:
        if y in circles:
            nearest = min(at, key=lambda x: abs(x - float(x2)))
            found.append((at[float(x1)], at[nearest]))
    return _pairs(found)


SAID_BY: dict[str, tuple[tuple[str, ...], Callable[[str], list[Pair]]]] = {
    "show": (("show",), _shown),
    "curl": (("export", "--as", "curl"), _curl),
    "markdown": (("export", "--as", "markdown"), _markdown),
    "mermaid": (("export", "--as", "mermaid"), _mermaid),
    "html": (("export", "--as", "html"), _page),
    "list of the diagram": (("export", "--as", "html"), _list),
    "diagram": (("export", "--as", "html"), _drawing),
}
"""By the form: the command, and how to read it."""
