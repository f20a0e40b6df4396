"""An HTML file around a page: one file, no script, nothing from elsewhere, light and dark.

The browser is told to allow only this style sheet (Content-Security-Policy by hash).
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from entra_oauth._version import __version__
from entra_oauth.markup import Html, html
from entra_oauth.recording.report.parts import NOTHING
from entra_oauth.recording.story import FORGERY

__all__ = ["banner", "html_file", "style"]

_PAGES = {"PRACTICE": ' class="practice"', "NOT ENTRA": ' class="not-entra"'}
"""On paper each page has it at the top, for sheets come apart."""


def style() -> Html:
    """The look of the report: one style sheet, light, dark and printed."""
    return Html("\n" + files(__package__).joinpath("report.css").read_text("utf-8"))


def banner(remark: str) -> Html:
    """A remark on the authority, where there is one, before anything else is said."""
    if not remark:
        return NOTHING
    return html('<p class="banner" role="note"><strong>{}</strong> {}</p>', remark, FORGERY)


def html_file(title: str, body: Html, *, remark: str = "", look: Html = NOTHING) -> Html:
    """The whole file.

    `remark` is what there is to say of the authority, `look` what the style sheet gets besides.
    """
    # The policy allows this one style sheet by its hash. Text that became markup after all
    # could still run nothing, load nothing and send nothing.
    sheet = Html(style() + look)
    mark = Html(_PAGES.get(remark.partition(":")[0], ""))
    digest = b64encode(sha256(sheet.encode()).digest()).decode("ascii")
    return html(
        """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'sha256-{}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{}</title>
<style>{}</style>
</head>
<body{}>
<a class="skip" href="#content">To the content</a>
{}
<footer><div class="wide"><p class="small">Made by entra-oauth {}. This file \
holds no script and loads nothing.</p></div></footer>
</body>
</html>
""",
        *(digest, title, sheet, mark, body, __version__),
    )
