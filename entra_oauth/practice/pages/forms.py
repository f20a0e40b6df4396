"""The pages a person sees on the way. Plain forms, one file each, no script but one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.markup import Html, html, joined
from entra_oauth.practice.directory.model import AccountStatus
from entra_oauth.practice.http.refusals import entra_time, refuse
from entra_oauth.practice.http.responses import page_answer
from entra_oauth.practice.pages.page import (
    answer,
    buttons,
    cause,
    explained,
    facts,
    form,
    page,
    problem,
)
from entra_oauth.practice.pages.page_style import policy
from entra_oauth.practice.request.interaction_request import AdminInteraction, DeviceInteraction

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
    "device_declined",
    "device_granted",
    "enter_code",
    "error",
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
    first, second = ("", " autofocus") if name else (" autofocus", "")
    inputs = html(
        '<label for="login">User name</label>'
        '<input id="login" name="login" value="{}" autocomplete="username" '
        'autocapitalize="none" spellcheck="false" required{}>'
        '<label for="passwd">Password</label>'
        '<input id="passwd" name="passwd" type="password" autocomplete="current-password" '
        "required{}>"
        '<p class="buttons"><button class="main" name="action" value="signin">Sign in</button>'
        '<button name="action" value="cancel" formnovalidate>Cancel</button></p>',
        name,
        first,
        second,
    )
    body = html(
        "<h1>Sign in</h1><p>to continue to <b>{}</b></p>{}{}{}{}",
        interaction.app.name,
        _problem_of(problem),
        form(call, "login", ctx, inputs),
        _people(users),
        explained(interaction),
    )
    return answer(call, interaction, page("Sign in", body))


def pick_account(
    call: Call, interaction: Interaction, *, ctx: str, users: tuple[User, ...]
) -> HttpResponse:
    """The accounts that are signed in, one button each."""
    tiles = joined(
        html(
            '<button class="account" name="account" value="{}">'
            '<b>{}</b><br><span class="soft">{}</span></button>',
            user.oid,
            user.display_name,
            user.name,
        )
        for user in users
    )
    choice = html(
        '{}<button class="account" name="account" value="other">Use another account</button>', tiles
    )
    body = html(
        "<h1>Pick an account</h1><p>to continue to <b>{}</b></p>{}{}",
        interaction.app.name,
        form(call, "pick", ctx, choice),
        explained(interaction),
    )
    return answer(call, interaction, page("Pick an account", body))


def second_step(
    call: Call, interaction: Interaction, *, ctx: str, user: User, failed: bool
) -> HttpResponse:
    """The second factor; its button stands for the person's telephone."""
    choice = buttons(("approve", "Approve"), ("deny", "Deny"), ("cancel", "Cancel"))
    body = html(
        '<p class="soft">{}</p><h1>Approve the sign-in request</h1>{}'
        "<p>To continue to <b>{}</b>, a second step is needed. Outside of practice your telephone "
        "would ask; here this page does.</p>{}{}",
        user.name,
        problem("The request was denied. Try again, or cancel." if failed else ""),
        interaction.app.name,
        form(call, "mfa", ctx, choice),
        explained(interaction),
    )
    return answer(call, interaction, page("Approve the sign-in request", body))


_FOR_EVERYBODY = html(
    "<p><b>If you accept, the app gets this for everybody of your organisation.</b> Nobody "
    "else will be asked.</p>"
)


def consent(
    call: Call, interaction: Interaction, *, ctx: str, user: User, extra: Fields
) -> HttpResponse:
    """May this app do that in my name, or in everybody's?"""
    for_all = isinstance(interaction, AdminInteraction)
    choice = buttons(("accept", "Accept"), ("decline", "Cancel"))
    body = html(
        '<p class="soft">{}</p><h1>Permissions requested</h1>'
        "<p><b>{}</b> would like to:</p>{}{}"
        '<p class="soft">{} If you did not start this yourself, cancel.</p>{}{}',
        user.name,
        interaction.app.name,
        _permissions(interaction, for_all=for_all),
        _FOR_EVERYBODY if for_all else "",
        _destination(interaction),
        form(call, "consent", ctx, choice),
        explained(interaction),
    )
    return answer(call, interaction, page("Permissions requested", body), extra=extra)


_ASK_ADMINISTRATOR = html(
    "<p>Ask an administrator to open the <code>adminconsent</code> page for this app, then "
    "sign in again.</p>"
)


def admin_needed(
    call: Call, interaction: Interaction, *, ctx: str, user: User, fault: str, extra: Fields
) -> HttpResponse:
    """Only an administrator could consent to this (AADSTS90094); `fault` is named as the cause."""
    choice = buttons(("cancel", "Return to the app without granting consent"))
    body = html(
        '<p class="soft">{}</p><h1>Need admin approval</h1>'
        "<p><b>{}</b> needs permission to do what only an administrator can grant:</p>{}"
        '{}<p class="soft">{}</p>{}{}',
        user.name,
        interaction.app.name,
        _permissions(interaction, for_all=False),
        cause(fault) or _ASK_ADMINISTRATOR,
        refuse(90094).text,
        form(call, "approval", ctx, choice),
        explained(interaction),
    )
    return answer(call, interaction, page("Need admin approval", body), extra=extra)


def enter_code(call: Call, *, code: str, refused: Refused | None) -> HttpResponse:
    """The field for the code that a device shows."""
    inputs = html(
        '<label for="otc">Code</label>'
        '<input id="otc" name="otc" value="{}" autocomplete="off" '
        'autocapitalize="characters" spellcheck="false" required autofocus>{}',
        code,
        buttons(("next", "Next")),
    )
    body = html(
        "<h1>Enter code</h1><p>Type the code that the app or device shows. Only go on if you "
        "started this yourself: whoever sent you a code gets what you agree to here.</p>{}{}",
        _problem_of(refused),
        form(call, "oauth2/deviceauth", "", inputs),
    )
    return page_answer(200, page("Enter code", body), call, policy=policy())


def confirm_app(
    call: Call, interaction: DeviceInteraction, *, ctx: str, user: User, extra: Fields
) -> HttpResponse:
    """A question, since 2021 and against phishing: is this the app that the person means?"""
    choice = buttons(("continue", "Continue"), ("cancel", "Cancel"))
    body = html(
        '<p class="soft">{}</p><h1>Are you trying to sign in to {}?</h1>'
        "<p>Only continue if you began this on a device of your own, and trust the app.</p>{}",
        user.name,
        interaction.app.name,
        form(call, "confirm", ctx, choice),
    )
    return answer(call, interaction, page("Are you trying to sign in?", body), extra=extra)


def device_granted(call: Call, interaction: DeviceInteraction, *, extra: Fields) -> HttpResponse:
    """The end of the browser's part; the device learns of it by polling."""
    body = html(
        "<h1>You are signed in</h1><p>You have signed in to {} on your device. You may now "
        "close this window.</p>",
        interaction.app.name,
    )
    return page_answer(200, page("You are signed in", body), call, policy=policy(), extra=extra)


def device_declined(call: Call, *, fault: str = "") -> HttpResponse:
    """The same after a no, which may have been the only way out."""
    body = html(
        "<h1>Nothing was granted</h1>{}<p>The device is told {}. You may now "
        "close this window.</p>",
        cause(fault),
        "of it" if fault else "that you declined",
    )
    return page_answer(200, page("Nothing was granted", body), call, policy=policy())


def error(refused: Refused, call: Call, *, extra: Fields = ()) -> HttpResponse:
    """An error that stays here because it must not, or cannot, be sent to the app."""
    body = html(
        "<h1>This sign-in cannot go on</h1><p>The app gets no answer: this page is the last thing "
        "that happens.</p>{}{}<h2>What to do</h2><p>{}</p>",
        cause(refused.fault),
        facts(
            ("Request Id", call.trace_id),
            ("Correlation Id", call.correlation_id),
            ("Timestamp", entra_time(call.now)),
            ("Message", refused.text),
        ),
        refused.kind.advice,
    )
    # fidelity: error-page-status
    return page_answer(400, page("Error", body), call, policy=policy(), extra=extra)


def missing(call: Call, *, allowed: tuple[str, ...] = ()) -> HttpResponse:
    """404, or 405 where another method would do."""
    words = "Not that way" if allowed else "Nothing here"
    body = html('<h1>{}</h1><p>The <a href="/">start page</a> lists what there is.</p>', words)
    extra = (("Allow", ", ".join(allowed)),) if allowed else ()
    status = 405 if allowed else 404
    return page_answer(status, page(words, body), call, policy=policy(), extra=extra)


def signed_out(call: Call, *, extra: Fields) -> HttpResponse:
    """After the logout endpoint."""
    body = html("<h1>You are signed out</h1><p>The next sign-in asks for a password again.</p>")
    return page_answer(200, page("Signed out", body), call, policy=policy(), extra=extra)


def _problem_of(refused: Refused | None) -> Html:
    return problem(refused.text if refused is not None else "")


def _people(users: tuple[User, ...]) -> Html:
    """Everybody who can sign in, passwords included: none of them is a secret."""
    lines = joined(
        html(
            "<li><code>{}</code>, password <code>{}</code>{}</li>",
            user.name,
            user.password,
            _peculiar(user),
        )
        for user in users
    )
    return html("<details><summary>Who can sign in here?</summary><ul>{}</ul></details>", lines)


def _peculiar(user: User) -> Html:
    notes = peculiarities(user)
    return html(' <span class="soft">({})</span>', ", ".join(notes)) if notes else html("")


def peculiarities(user: User) -> tuple[str, ...]:
    """The special things about an account, in a few words."""
    notes = (
        (user.account is AccountStatus.EXPIRED, "password expired"),
        (user.account in (AccountStatus.DISABLED, AccountStatus.LOCKED), f"account {user.account}"),
        (user.mfa, "second step"),
        (user.federated, "federated"),
        (user.admin, "administrator"),
        (not user.in_workspace, "not in the workspace"),
    )
    return tuple(words for applies, words in notes if applies)


def _permissions(interaction: Interaction, *, for_all: bool) -> Html:
    """A list of all that is asked for, in the name of one person or of everybody there."""
    oidc = interaction.requested.oidc
    whom = "anybody of your organisation" if for_all else "you"
    lines = [
        html("use <b>{}</b> as {} (<code>{}</code>)", scope.resource.name, whom, permission)
        for scope in interaction.requested.resources
        for permission in scope.permissions
        if permission not in oidc
    ]
    if {"openid", "profile", "email"} & set(oidc):
        lines.append(html("sign {} in and read {} name", whom, "their" if for_all else "your"))
    if "offline_access" in oidc:
        lines.append(
            html("keep that access when {} not there", "they are" if for_all else "you are")
        )
    return html("<ul>{}</ul>", joined(html("<li>{}</li>", line) for line in lines))


def _destination(interaction: Interaction) -> Html:
    if interaction.destination is None:
        return html("The answer goes to the device that showed the code.")
    return html("The answer goes to <code>{}</code>.", interaction.destination.redirect_uri)
