"""The pages that the listener shows in the person's browser.

Each is one file without script, image, link or form. The headers keep it out of
every cache and frame, and let the browser use nothing but its one style sheet
(RFC 9700 §4.2.4 and §4.16). Text from outside is shown as text.
"""

from __future__ import annotations

from functools import cache
from html import escape
from typing import TYPE_CHECKING

from entra_oauth.channels.loopback.http1 import safe_headers
from entra_oauth.errors import plain
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.channels.base import Outcome
    from entra_oauth.protocol.messages import Fields

__all__ = [
    "STYLE_HASH",
    "already_answered",
    "done",
    "empty",
    "not_found",
    "see_other",
    "still_waiting",
    "stopped",
    "style",
    "wrong_host",
    "wrong_kind",
    "wrong_method",
]

STYLE_HASH = "sha256-/uUTL/KGFvYsWseeQ0L8Y1zBVTmedePHUQ0vAL07+K8="
"""Of `style()`, for the Content-Security-Policy. A constant, checked by a test: to
compute it would load a hash library before the first page can be shown."""

_GOOD = ("good", "✓")
_BAD = ("bad", "✗")
_NEUTRAL = ("quiet", "…")


@cache
def style() -> str:
    """The style sheet of every page."""
    import pkgutil  # here, because no page is shown before the browser has opened

    found = pkgutil.get_data("entra_oauth.channels.listener", "landing_pages.css")
    return (found or b"").decode("utf-8")


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
    state = "Success" if outcome.succeeded else "This did not work"
    return _page(200, _GOOD if outcome.succeeded else _BAD, state, outcome.headline, parts)


def stopped() -> HttpResponse:
    """The last page of a sign-in that was given up before its end was known."""
    return _page(
        200,
        _BAD,
        "Stopped",
        "The sign-in was stopped in the terminal",
        [_paragraph("It did not come to its end. To sign in, start it again there.")],
    )


def still_waiting() -> HttpResponse:
    """For a redirect that was refused (400). It shows nothing of what was sent."""
    return _note(
        400,
        "Still waiting",
        "This is not the answer that is expected",
        "The address that was opened does not belong to the sign-in that was started "
        "in the terminal, so it was not used. The program there still waits.",
        "Go on with the sign-in in the window that was opened for it. If you did not "
        "start one, close this window.",
    )


def already_answered() -> HttpResponse:
    """For a redirect after the one that counted (409)."""
    return _note(
        409,
        "Already answered",
        "This sign-in has had its answer",
        "Nothing was done with this one. You can close this window.",
    )


def not_found() -> HttpResponse:
    """For any other path (404)."""
    return _note(
        404,
        "Not found",
        "There is nothing at this address",
        "This program only takes the answer of one sign-in. Go on with it in the window "
        "that was opened for it.",
    )


def wrong_host() -> HttpResponse:
    """For a request that was meant for another host (421): it says nothing of us."""
    return HttpResponse(
        status=421,
        headers=(*safe_headers(), ("Content-Type", "text/plain; charset=utf-8")),
        body=b"Misdirected request.\n",
    )


def wrong_method(allow: str) -> HttpResponse:
    """For a method that is not the agreed one (405). No CORS header, so no grant."""
    return _note(
        405,
        "Still waiting",
        "This is not the way the answer comes",
        "The program in the terminal waits for the answer of the sign-in page, and "
        "this address cannot be opened in any other way. Go on with the sign-in in "
        "the window that was opened for it.",
        more=(("Allow", allow),),
    )


def wrong_kind() -> HttpResponse:
    """For a POST that is no form (415)."""
    return _note(
        415,
        "Still waiting",
        "This is not the form that is expected",
        "It was not used. The program in the terminal still waits. Go on with the sign-in "
        "in the window that was opened for it.",
    )


def see_other(path: str) -> HttpResponse:
    """Send the browser on to a path of ours (303), which it will get with GET."""
    return HttpResponse(status=303, headers=(*safe_headers(), ("Location", path)))


def empty() -> HttpResponse:
    """No content (204), for the icon that browsers ask for."""
    return HttpResponse(status=204, headers=safe_headers())


def _note(
    status: int, state: str, headline: str, *paragraphs: str, more: Fields = ()
) -> HttpResponse:
    """A page that changes nothing: the sign-in goes on, or is over already."""
    parts = [_paragraph(each) for each in paragraphs]
    return _page(status, _NEUTRAL, state, headline, parts, more)


def _page(
    status: int,
    kind: tuple[str, str],
    state: str,
    headline: str,
    parts: list[str],
    more: Fields = (),
) -> HttpResponse:
    colour, symbol = kind
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
<p class="state {colour}"><span class="symbol" aria-hidden="true">{symbol}</span>{state}</p>
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
    # Line ends are shown as such (Entra puts them into its descriptions); every other
    # control character is shown by name.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(escape(plain(line)) for line in lines)
