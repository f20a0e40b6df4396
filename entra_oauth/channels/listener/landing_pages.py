"""The pages that the listener shows in the person's browser.

Each is one file without script, image, link or form. The headers keep it out of
every cache and frame, and let the browser use nothing but its one style sheet
(RFC 9700 §4.2.4 and §4.16). Text from outside is shown as text.
"""

from __future__ import annotations

from functools import cache

from entra_oauth.channels.loopback.http1 import safe_headers
from entra_oauth.errors import plain
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from entra_oauth.channels.base import Outcome
    from entra_oauth.protocol.messages import Fields

__all__ = [
    "STYLE_HASH",
    "Name",
    "done",
    "empty",
    "load",
    "page",
    "see_other",
    "style",
    "wrong_host",
]

STYLE_HASH = "sha256-/uUTL/KGFvYsWseeQ0L8Y1zBVTmedePHUQ0vAL07+K8="
"""Of `style()`, for the Content-Security-Policy. A constant, checked by a test: to
compute it would load a hash library before the first page can be shown."""

_SYMBOLS = {"good": "✓", "bad": "✗", "quiet": "…"}

Name: TypeAlias = (
    'Literal["already answered", "not found", "still waiting", "stopped", "wrong kind", '
    '"wrong method"]'
)
"""Already answered: a redirect after the one that counted. Not found: any other path. Still
waiting: a redirect that was refused. Stopped: the last page of a sign-in that was given up.
Wrong kind: a POST that is no form. Wrong method: not the agreed one."""


@cache
def style() -> str:
    """The style sheet of every page."""
    return _data("landing_pages.css")


@cache
def _words() -> dict[str, dict[str, Any]]:
    import json

    words: dict[str, dict[str, Any]] = json.loads(_data("landing_pages.json"))
    return words


def load() -> None:
    """Read what the pages are made of: later there may be no file descriptor left for it."""
    import html  # noqa: F401 - the last page needs it, and somebody waits for that

    style()
    _words()


def _data(name: str) -> str:
    import pkgutil  # here, because no page is shown before the browser has opened

    return (pkgutil.get_data("entra_oauth.channels.listener", name) or b"").decode("utf-8")


def page(name: Name, more: Fields = ()) -> HttpResponse:
    """A page that is the same for everybody: it shows nothing of what was sent."""
    words = _words()[name]
    parts = [_paragraph(each) for each in words["paragraphs"]]
    return _page(words["status"], words["kind"], words["state"], words["headline"], parts, more)


def done(outcome: Outcome) -> HttpResponse:
    """The last page: how it really went, once that is known."""
    parts = [_paragraph(outcome.detail)] if outcome.detail else []
    if outcome.advice and not outcome.succeeded:
        parts += ["<h2>What to do next</h2>"]
    if outcome.advice:
        parts += [_paragraph(outcome.advice)]
    if outcome.reference:
        parts += [
            "<h2>What support will ask for</h2>",
            _paragraph(outcome.reference, kind="reference"),
        ]
    kind, state = ("good", "Success") if outcome.succeeded else ("bad", "This did not work")
    return _page(200, kind, state, outcome.headline, parts)


def wrong_host() -> HttpResponse:
    """For a request that was meant for another host (421): it says nothing of us."""
    return HttpResponse(
        status=421,
        headers=(*safe_headers(), ("Content-Type", "text/plain; charset=utf-8")),
        body=b"Misdirected request.\n",
    )


def see_other(path: str) -> HttpResponse:
    """Send the browser on to a path of ours (303), which it will get with GET."""
    return HttpResponse(status=303, headers=(*safe_headers(), ("Location", path)))


def empty() -> HttpResponse:
    """No content (204), for the icon that browsers ask for."""
    return HttpResponse(status=204, headers=safe_headers())


def _page(
    status: int, kind: str, state: str, headline: str, parts: list[str], more: Fields = ()
) -> HttpResponse:
    shown = _text(headline)
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{shown} – entra-oauth</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style()}</style>
</head>
<body>
<main>
<p class="state {kind}"><span class="symbol" aria-hidden="true">{_SYMBOLS[kind]}</span>{state}</p>
<h1>{shown}</h1>
{chr(10).join(parts)}
<footer>This page was made by entra-oauth on your own machine.</footer>
</main>
</body>
</html>
"""
    return HttpResponse(
        status=status,
        headers=(
            *safe_headers(f"style-src '{STYLE_HASH}'"),
            ("Content-Type", "text/html; charset=utf-8"),
            *more,
        ),
        body=text.encode(),
    )


def _paragraph(text: str, *, kind: str = "said") -> str:
    return f'<p class="{kind}">{_text(text)}</p>'


def _text(text: str) -> str:
    from html import escape  # late: it has a table of all of HTML's names

    # Line ends are shown as such (Entra puts them into its descriptions); every other
    # control character is shown by name.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(escape(plain(line)) for line in lines)
