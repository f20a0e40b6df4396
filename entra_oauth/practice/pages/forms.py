"""The pages a person sees on the way. Plain forms, one file each, no script but one line."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import AccountStatus
from entra_oauth.practice.http.refusals import entra_time, refuse
from entra_oauth.practice.http.responses import page_answer
from entra_oauth.practice.pages.page import (
    answer,
    buttons,
    explained,
    facts,
    form,
    page,
    problem,
)
from entra_oauth.practice.pages.page_style import AUTO_SUBMIT, policy
from entra_oauth.practice.request.interaction_request import AdminInteraction, DeviceInteraction
from entra_oauth.practice.request.redirects import origin_of

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.http.refusals import Refused
    from entra_oauth.practice.request.interaction_request import Interaction
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = [
    "admin_needed",
    "confirm_app",
    "consent",
    "device_done",
    "enter_code",
    "error",
    "form_post",
    "missing",
    "peculiarities",
    "pick_account",
    "second_step",
    "sign_in",
    "signed_out",
]


def sign_in(
    call: Call,
    interaction: Interaction,
    *,
    ctx: str,
    name: str,
    problem: Refused | None,
    users: tuple[User, ...],
) -> HttpResponse:
    """User name and password."""
    first = "" if name else " autofocus"
    second = " autofocus" if name else ""
    inputs = (
        '<label for="login">User name</label>'
        f'<input id="login" name="login" value="{escape(name)}" autocomplete="username" '
        f'autocapitalize="none" spellcheck="false" required{first}>'
        '<label for="passwd">Password</label>'
        '<input id="passwd" name="passwd" type="password" autocomplete="current-password" '
        f"required{second}>"
        '<p class="buttons"><button class="main" name="action" value="signin">Sign in</button>'
        '<button name="action" value="cancel" formnovalidate>Cancel</button></p>'
    )
    body = (
        f"<h1>Sign in</h1><p>to continue to <b>{escape(interaction.app.name)}</b></p>"
        f"{_said(problem)}{form(call, 'login', ctx, inputs)}{_who_is_here(users)}"
        f"{explained(interaction)}"
    )
    return answer(call, interaction, page("Sign in", body))


def pick_account(
    call: Call, interaction: Interaction, *, ctx: str, users: tuple[User, ...]
) -> HttpResponse:
    """Which of the accounts that are signed in."""
    tiles = "".join(
        f'<button class="account" name="account" value="{escape(u.oid)}">'
        f'<b>{escape(u.display_name)}</b><br><span class="soft">{escape(u.name)}</span></button>'
        for u in users
    )
    other = '<button class="account" name="account" value="other">Use another account</button>'
    body = (
        f"<h1>Pick an account</h1><p>to continue to <b>{escape(interaction.app.name)}</b></p>"
        f"{form(call, 'pick', ctx, tiles + other)}{explained(interaction)}"
    )
    return answer(call, interaction, page("Pick an account", body))


def second_step(
    call: Call, interaction: Interaction, *, ctx: str, user: User, failed: bool
) -> HttpResponse:
    """The second factor; its button stands for the person's telephone."""
    said = problem("The request was denied. Try again, or cancel.") if failed else ""
    choice = buttons(("approve", "Approve"), ("deny", "Deny"), ("cancel", "Cancel"))
    body = (
        f'<p class="soft">{escape(user.name)}</p><h1>Approve the sign-in request</h1>{said}'
        f"<p>To continue to <b>{escape(interaction.app.name)}</b>, a second step is needed. "
        "Outside of practice your telephone would ask; here this page does.</p>"
        f"{form(call, 'mfa', ctx, choice)}{explained(interaction)}"
    )
    return answer(call, interaction, page("Approve the sign-in request", body))


def consent(
    call: Call, interaction: Interaction, *, ctx: str, user: User, extra: Fields
) -> HttpResponse:
    """May this app do that in my name, or in everybody's?"""
    for_all = isinstance(interaction, AdminInteraction)
    whom = "anybody of your organisation" if for_all else "you"
    wishes = "".join(f"<li>{line}</li>" for line in _wishes(interaction, whom))
    everybody = (
        "<p><b>If you accept, the app gets this for everybody of your organisation.</b> Nobody "
        "else will be asked.</p>"
        if for_all
        else ""
    )
    choice = buttons(("accept", "Accept"), ("decline", "Cancel"))
    body = (
        f'<p class="soft">{escape(user.name)}</p><h1>Permissions requested</h1>'
        f"<p><b>{escape(interaction.app.name)}</b> would like to:</p><ul>{wishes}</ul>{everybody}"
        f'<p class="soft">{_whither(interaction)} If you did not start this yourself, cancel.</p>'
        f"{form(call, 'consent', ctx, choice)}{explained(interaction)}"
    )
    return answer(call, interaction, page("Permissions requested", body), extra=extra)


def admin_needed(
    call: Call, interaction: Interaction, *, ctx: str, user: User, extra: Fields
) -> HttpResponse:
    """Only an administrator could consent to this (AADSTS90094)."""
    wishes = "".join(f"<li>{line}</li>" for line in _wishes(interaction, "you"))
    choice = buttons(("cancel", "Return to the app without granting consent"))
    why = refuse(90094).text
    body = (
        f'<p class="soft">{escape(user.name)}</p><h1>Need admin approval</h1>'
        f"<p><b>{escape(interaction.app.name)}</b> needs permission to do what only an "
        f"administrator can grant:</p><ul>{wishes}</ul><p>Ask an administrator to open the "
        f'<code>adminconsent</code> page for this app, then sign in again.</p><p class="soft">{escape(why)}</p>'
        f"{form(call, 'approval', ctx, choice)}{explained(interaction)}"
    )
    return answer(call, interaction, page("Need admin approval", body), extra=extra)


def enter_code(call: Call, *, code: str, refused: Refused | None) -> HttpResponse:
    """Where a person types what a device shows."""
    inputs = (
        '<label for="otc">Code</label>'
        f'<input id="otc" name="otc" value="{escape(code)}" autocomplete="off" '
        'autocapitalize="characters" spellcheck="false" required autofocus>'
        f"{buttons(('next', 'Next'))}"
    )
    body = (
        "<h1>Enter code</h1><p>Type the code that the app or device shows. Only go on if you "
        "started this yourself: whoever sent you a code gets what you agree to here.</p>"
        f"{_said(refused)}{form(call, 'oauth2/deviceauth', '', inputs)}"
    )
    return page_answer(200, page("Enter code", body), call, policy=policy())


def confirm_app(
    call: Call, interaction: DeviceInteraction, *, ctx: str, user: User, extra: Fields
) -> HttpResponse:
    """Whether this is the app that the person means (since 2021, against phishing)."""
    choice = buttons(("continue", "Continue"), ("cancel", "Cancel"))
    name = escape(interaction.app.name)
    body = (
        f'<p class="soft">{escape(user.name)}</p><h1>Are you trying to sign in to {name}?</h1>'
        "<p>Only continue if you began this on a device of your own, and trust the app.</p>"
        f"{form(call, 'confirm', ctx, choice)}"
    )
    return answer(call, interaction, page("Are you trying to sign in?", body), extra=extra)


def device_done(
    call: Call, interaction: DeviceInteraction, *, granted: bool, extra: Fields
) -> HttpResponse:
    """The end of the way for the browser; the device hears of it by polling."""
    if granted:
        said = f"You have signed in to {escape(interaction.app.name)} on your device."
        body = f"<h1>You are signed in</h1><p>{said} You may now close this window.</p>"
    else:
        body = (
            "<h1>Nothing was granted</h1><p>The device is told that you declined. You may now "
            "close this window.</p>"
        )
    title = "You are signed in" if granted else "Nothing was granted"
    return page_answer(200, page(title, body), call, policy=policy(), extra=extra)


def form_post(call: Call, redirect_uri: str, fields: Fields, *, extra: Fields) -> HttpResponse:
    """The answer as a form that sends itself to the app (OAuth form_post response mode)."""
    # fidelity: form-post
    inputs = "".join(
        f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in fields
    )
    body = (
        "<h1>Back to the app</h1><p>Your browser is taking the answer to the app. If nothing "
        "happens, press the button.</p>"
        f'<form method="post" action="{escape(redirect_uri)}" accept-charset="utf-8">{inputs}'
        '<p class="buttons"><button class="main">Continue</button></p></form>'
        f"<script>{AUTO_SUBMIT}</script>"
    )
    rules = policy(form_to=origin_of(redirect_uri), script=True)
    return page_answer(200, page("Back to the app", body), call, policy=rules, extra=extra)


def error(refused: Refused, call: Call, *, extra: Fields = ()) -> HttpResponse:
    """What stays here because it must not, or cannot, be sent to the app."""
    told = facts(
        ("Request Id", call.trace_id),
        ("Correlation Id", call.correlation_id),
        ("Timestamp", entra_time(call.now)),
        ("Message", refused.text),
    )
    body = (
        "<h1>This sign-in cannot go on</h1><p>The app gets no answer: this page is the last thing "
        f"that happens.</p>{told}<h2>What to do</h2><p>{escape(refused.kind.advice)}</p>"
    )
    # fidelity: error-page-status
    return page_answer(400, page("Error", body), call, policy=policy(), extra=extra)


def missing(call: Call, *, allowed: tuple[str, ...] = ()) -> HttpResponse:
    """404, or 405 where another method would do."""
    words = "Not that way" if allowed else "Nothing here"
    body = f'<h1>{words}</h1><p>The <a href="/">start page</a> lists what there is.</p>'
    extra = (("Allow", ", ".join(allowed)),) if allowed else ()
    status = 405 if allowed else 404
    return page_answer(status, page(words, body), call, policy=policy(), extra=extra)


def signed_out(call: Call, *, extra: Fields) -> HttpResponse:
    """After the logout endpoint."""
    body = "<h1>You are signed out</h1><p>The next sign-in asks for a password again.</p>"
    return page_answer(200, page("Signed out", body), call, policy=policy(), extra=extra)


def _said(refused: Refused | None) -> str:
    return problem(refused.text) if refused is not None else ""


def _who_is_here(users: tuple[User, ...]) -> str:
    lines = "".join(
        f"<li><code>{escape(u.name)}</code>, password <code>{escape(u.password)}</code>"
        f"{_peculiar(u)}</li>"
        for u in users
    )
    return f"<details><summary>Who can sign in here?</summary><ul>{lines}</ul></details>"


def _peculiar(user: User) -> str:
    notes = peculiarities(user)
    return f' <span class="soft">({", ".join(notes)})</span>' if notes else ""


def peculiarities(user: User) -> tuple[str, ...]:
    """What is special about an account, in a few words."""
    notes = (
        (user.account is not AccountStatus.ACTIVE, f"account {user.account}"),
        (user.mfa, "second step"),
        (user.federated, "federated"),
        (user.admin, "administrator"),
        (not user.in_workspace, "not in the workspace"),
    )
    return tuple(words for applies, words in notes if applies)


def _wishes(interaction: Interaction, whom: str) -> list[str]:
    oidc = interaction.requested.oidc
    lines = [
        f"use <b>{escape(w.resource.name)}</b> as {whom} (<code>{escape(p)}</code>)"
        for w in interaction.requested.resources
        for p in w.permissions
        if p not in oidc
    ]
    if {"openid", "profile", "email"} & set(oidc):
        lines.append("sign you in and read your name")
    if "offline_access" in oidc:
        lines.append("keep that access when you are not there")
    return lines


def _whither(interaction: Interaction) -> str:
    if interaction.destination is None:
        return "The answer goes to the device that showed the code."
    return f"The answer goes to <code>{escape(interaction.destination.redirect_uri)}</code>."
