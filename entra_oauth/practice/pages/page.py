"""What all pages share: banner, look, forms, and the part that explains a request.

Everything that came from outside is escaped, attribute quotes included.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from entra_oauth.practice.http.responses import page_answer
from entra_oauth.practice.pages.page_style import CSS, policy
from entra_oauth.practice.request.redirects import origin_of

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.request.interaction_request import Interaction
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = [
    "answer",
    "buttons",
    "explained",
    "facts",
    "form",
    "meaning",
    "page",
    "problem",
]


_MEANINGS = {
    "client_id": "Which app asks. It is no secret; anybody may copy it.",
    "response_type": "What shall come back. `code`: a short-lived code, not a token.",
    "redirect_uri": "Where the answer goes. It must be registered for the app, so that a thief "
    "cannot have the code sent to himself.",
    "response_mode": "How it travels: in the address (`query`), after the # (`fragment`), or "
    "posted as a form (`form_post`), which keeps the code out of the browser's history.",
    "scope": "What the token shall be good for. `<resource>/.default` means all that was agreed "
    "for that API.",
    "state": "A random value of the app's. It comes back unchanged, and the app compares it: an "
    "answer to a request that the app never made is found out.",
    "nonce": "A random value of the app's that comes back inside the ID token and ties the token "
    "to this sign-in.",
    "code_challenge": "PKCE: the hash of a secret that only the app knows. Whoever redeems the "
    "code must show that secret, so a stolen code is worth nothing.",
    "code_challenge_method": "How the challenge was made: S256 is SHA-256; plain hides nothing.",
    "prompt": "Whether to ask the person again even if they are signed in, or not at all.",
    "login_hint": "Who will probably sign in.",
    "domain_hint": "Which organisation the person belongs to. Accepted here, and not used.",
    "claims": "Extra demands on the token, as JSON: what an API asked for when it turned a token "
    "down, or that the app can handle being asked (`cp1`).",
    "resource": "Which API the token is for, on the older v1.0 endpoint.",
    "client_info": "Asks for the person's ids beside the token; Microsoft's libraries do.",
    "max_age": "How long ago the sign-in may be, in seconds. Accepted here, and not used.",
}


def meaning(name: str) -> str:
    """One or two sentences on a parameter of the authorize request."""
    return _MEANINGS.get(name, "Not a parameter of this endpoint: ignored.")


_BANNER = (
    '<header class="banner"><b>PRACTICE</b> This is not Microsoft. '
    "Nothing typed here leaves this computer.</header>"
)
_SHOWN_VALUE = 64
_MAIN = ' class="main"'


def page(title: str, body: str, *, wide: bool = False) -> str:
    """A whole document around the body of a page."""
    kind = ' class="wide"' if wide else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} – practice tenant</title><style>{CSS}</style></head>\n"
        f"<body>{_BANNER}<main{kind}>\n{body}\n</main></body></html>\n"
    )


def answer(call: Call, interaction: Interaction, html: str, *, extra: Fields = ()) -> HttpResponse:
    """A page whose forms may end at the app's redirect URI, if the errand has one."""
    destination = interaction.destination
    target = origin_of(destination.redirect_uri) if destination is not None else ""
    return page_answer(200, html, call, policy=policy(form_to=target), extra=extra)


def form(call: Call, where: str, ctx: str, inner: str) -> str:
    """A form that comes back to the step `where` of the same tenant."""
    action = f"/{escape(call.segments[0])}/{where}"
    hidden = f'<input type="hidden" name="ctx" value="{escape(ctx)}">'
    return f'<form method="post" action="{action}" accept-charset="utf-8">{hidden}{inner}</form>'


def buttons(*named: tuple[str, str]) -> str:
    """Buttons by value and words, the first of them the main one."""
    made = "".join(
        f'<button{"" if number else _MAIN} name="action" value="{value}">{words}</button>'
        for number, (value, words) in enumerate(named)
    )
    return f'<p class="buttons">{made}</p>'


def problem(text: str) -> str:
    """What went wrong with the last attempt, if anything."""
    return f'<p class="problem" role="alert">{escape(text)}</p>' if text else ""


def facts(*pairs: tuple[str, str]) -> str:
    """Names and values, all from outside."""
    told = "".join(f"<dt>{escape(n)}</dt><dd>{escape(v)}</dd>" for n, v in pairs)
    return f"<dl>{told}</dl>"


def explained(interaction: Interaction) -> str:
    """Every parameter that was sent, and what it means."""
    if not interaction.sent:
        return ""
    lines = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd><code>{escape(_short(value))}</code></dd>"
        f'<dd class="soft">{_ticks(meaning(name))}</dd>'
        for name, value in interaction.sent
    )
    return f"<details><summary>What does this request say?</summary><dl>{lines}</dl></details>"


def _ticks(text: str) -> str:
    """Our own text; what stands in backticks is set as code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN_VALUE else f"{value[:_SHOWN_VALUE]}…"
