"""The pages that the listener shows in the person's browser.

Each is one file without script, image, link or form. The headers keep it out of
every cache and frame, and let the browser use nothing but its one style sheet
(RFC 9700 §4.2.4 and §4.16). Text from outside is shown as text.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from entra_oauth.channels.loopback.http1 import safe_headers
from entra_oauth.errors import plain
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.channels.base import Outcome
    from entra_oauth.protocol.messages import Fields

__all__ = [
    "STYLE",
    "STYLE_HASH",
    "already_answered",
    "done",
    "empty",
    "not_found",
    "see_other",
    "still_waiting",
    "stopped",
    "wrong_host",
    "wrong_kind",
    "wrong_method",
]

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f5f6f8; --ink: #1b1d21; --quiet: #545a63;
  --good: #0b6a3c; --bad: #a4262c; --rule: #7d848e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171b; --card: #1f2227; --ink: #eceef1; --quiet: #aab0ba;
    --good: #62d391; --bad: #ff9c9c; --rule: #7a818c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 1.25rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 40rem; margin: 8vh auto 0; overflow-wrap: anywhere; }
.state { margin: 0 0 .25rem; font-weight: 600; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.quiet { color: var(--quiet); }
.symbol {
  display: inline-block; width: 1.75em; height: 1.75em; margin-right: .4em;
  border: .125em solid currentColor; border-radius: 50%; line-height: 1.5em; text-align: center;
}
h1 { margin: .75rem 0; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 1.75rem 0 .25rem; font-size: 1rem; }
p { margin: 0 0 .75rem; }
.said { white-space: pre-line; }
.reference {
  padding: .5rem .75rem; border-left: .25rem solid var(--rule); background: var(--card);
  font: .875rem/1.5 ui-monospace, Consolas, Menlo, monospace; white-space: pre-line;
}
footer {
  margin-top: 2rem; padding-top: .75rem; border-top: 1px solid var(--rule);
  color: var(--quiet); font-size: .875rem;
}
"""

STYLE_HASH = "sha256-/uUTL/KGFvYsWseeQ0L8Y1zBVTmedePHUQ0vAL07+K8="
"""Of `STYLE`, for the Content-Security-Policy. A constant, checked by a test: to
compute it would load a hash library before the first page can be shown."""

_GOOD = ("good", "✓")
_BAD = ("bad", "✗")
_NEUTRAL = ("quiet", "…")


def done(outcome: Outcome) -> HttpResponse:
    """The last page: how it really went, once that is known."""
    kind = _GOOD if outcome.succeeded else _BAD
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
    return _page(
        200,
        kind=kind,
        state="Success" if outcome.succeeded else "This did not work",
        headline=outcome.headline,
        parts=parts,
    )


def stopped() -> HttpResponse:
    """The last page of a sign-in that was given up before its end was known."""
    return _page(
        200,
        kind=_BAD,
        state="Stopped",
        headline="The sign-in was stopped in the terminal",
        parts=[_paragraph("It did not come to its end. To sign in, start it again there.")],
    )


def still_waiting() -> HttpResponse:
    """For a redirect that was refused (400). It shows nothing of what was sent."""
    return _page(
        400,
        kind=_NEUTRAL,
        state="Still waiting",
        headline="This is not the answer that is expected",
        parts=[
            _paragraph(
                "The address that was opened does not belong to the sign-in that was started "
                "in the terminal, so it was not used. The program there still waits."
            ),
            _paragraph(
                "Go on with the sign-in in the window that was opened for it. If you did not "
                "start one, close this window."
            ),
        ],
    )


def already_answered() -> HttpResponse:
    """For a redirect after the one that counted (409)."""
    return _page(
        409,
        kind=_NEUTRAL,
        state="Already answered",
        headline="This sign-in has had its answer",
        parts=[_paragraph("Nothing was done with this one. You can close this window.")],
    )


def not_found() -> HttpResponse:
    """For any other path (404)."""
    return _page(
        404,
        kind=_NEUTRAL,
        state="Not found",
        headline="There is nothing at this address",
        parts=[
            _paragraph(
                "This program only takes the answer of one sign-in. Go on with it in the window "
                "that was opened for it."
            )
        ],
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
    return _page(
        405,
        kind=_NEUTRAL,
        state="Still waiting",
        headline="This is not the way the answer comes",
        parts=[
            _paragraph(
                "The program in the terminal waits for the answer of the sign-in page, and "
                "this address cannot be opened in any other way. Go on with the sign-in in "
                "the window that was opened for it."
            )
        ],
        more=(("Allow", allow),),
    )


def wrong_kind() -> HttpResponse:
    """For a POST that is no form (415)."""
    return _page(
        415,
        kind=_NEUTRAL,
        state="Still waiting",
        headline="This is not the form that is expected",
        parts=[
            _paragraph(
                "It was not used. The program in the terminal still waits. Go on with the sign-in "
                "in the window that was opened for it."
            )
        ],
    )


def see_other(path: str) -> HttpResponse:
    """Send the browser on to a path of ours (303), which it will get with GET."""
    return HttpResponse(status=303, headers=(*safe_headers(), ("Location", path)))


def empty() -> HttpResponse:
    """No content (204), for the icon that browsers ask for."""
    return HttpResponse(status=204, headers=safe_headers())


def _page(
    status: int,
    *,
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
<style>{STYLE}</style>
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
