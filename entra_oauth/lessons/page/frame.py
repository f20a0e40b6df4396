"""The document around a page of the site, and the headers of each answer.

No script, no image, nothing from elsewhere: the policy allows one style sheet, by its hash,
and forms that come back here.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from entra_oauth._version import __version__
from entra_oauth.markup import Html, html
from entra_oauth.protocol.messages import HttpResponse
from entra_oauth.recording.report.html_file import style

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import Fields

__all__ = ["answered", "document", "moved", "words"]

_REASONS = {
    200: "OK",
    303: "See Other",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    421: "Misdirected Request",
    500: "Internal Server Error",
}


@cache
def _sheet() -> Html:
    return Html(style() + files(__package__).joinpath("page.css").read_text("utf-8"))


@cache
def _policy() -> str:
    digest = b64encode(sha256(_sheet().encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


def document(title: str, body: Html, *, address: str = "", kicker: str = "") -> Html:
    """The whole page. `address` is that of the list of chapters and labs, where there is one."""
    home = html('<nav aria-label="Site"><a href="{}">Chapters and labs</a></nav>', address)
    return html(
        """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{} – entra-oauth</title>
<style>{}</style>
</head>
<body class="site">
<a class="skip" href="#content">To the content</a>
<header class="bar"><div><p class="kicker">{}</p><h1>{}</h1></div>{}</header>
<main id="content">
{}
</main>
<footer><p class="small">entra-oauth {}, on this machine only. PRACTICE: this is not Microsoft. \
No script runs here and nothing is loaded from elsewhere.</p></footer>
</body>
</html>
""",
        *(title, _sheet(), kicker or "The flow, message by message", title),
        *(home if address else Html(), body, __version__),
    )


def words(
    status: int, title: str, text: str, *, address: str = "", more: Html | None = None
) -> HttpResponse:
    """A page that says one thing, and where to go on."""
    onward = html('<p><a class="button" href="{}">Go on there</a></p>', address)
    card = html(
        '<section class="card notice"><p>{}</p>{}{}</section>',
        *(text, more or Html(), onward if address else Html()),
    )
    return answered(status, document(title, card))


def answered(status: int, page: Html) -> HttpResponse:
    """A page as an answer."""
    return HttpResponse(
        status=status,
        reason=_REASONS[status],
        headers=(("Content-Type", "text/html; charset=utf-8"), *_headers()),
        body=page.encode("utf-8"),
    )


def moved(address: str) -> HttpResponse:
    """On to a page, by GET: so a reload repeats nothing (RFC 9110 §15.4.4)."""
    return HttpResponse(
        status=303, reason=_REASONS[303], headers=(("Location", address), *_headers())
    )


def _headers() -> Fields:
    return (
        ("Content-Security-Policy", _policy()),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    )
