"""Of people: accounts, second step, administrators, devices."""

from __future__ import annotations

from entra_oauth.practice.fidelity_row import Label, Row

__all__ = ["PEOPLE"]

_AS, _TOY, _UNKNOWN = Label.AS_ENTRA, Label.TOY, Label.UNKNOWN
_CODES = "Microsoft Learn, authentication error codes"
_KUBELOGIN = "recordings of Azure/kubelogin, Feb 2025"

PEOPLE = (
    Row(
        "lock-out",
        _AS,
        "Ten wrong passwords lock an account for a minute (50053); the same one again does "
        "not count.",
        "Microsoft Learn, smart lockout",
    ),
    Row(
        "password-expired",
        _TOY,
        "An expired password (50055) ends the sign-in; Entra lets the person change it.",
    ),
    Row(
        "mfa",
        _TOY,
        "Whether a second step is needed is a mark on the person; in Entra policies decide.",
    ),
    Row(
        "mfa-v1",
        _AS,
        "The password grant without the second step: invalid_grant with basic_action, on v1.0 "
        "interaction_required with claims to send back.",
        "recordings of Azure/kubelogin, Feb 2025; adal-nodejs#151",
    ),
    Row(
        "mfa-denied",
        _TOY,
        "A denied second step can be tried again on the same page.",
    ),
    Row(
        "admin-consent-needed",
        _AS,
        "What only an administrator can grant ends on a page (90094); giving up there is "
        "access_denied with error_subcode=cancel, without a description.",
        "a comment in a public test",
    ),
    Row(
        "admin-consent",
        _AS,
        "The administrator's yes comes back as admin_consent=True with the tenant. Without a "
        "scope it is for every API of the practice directory, where Entra has a list for each "
        "app.",
        "Microsoft Learn, admin consent endpoint",
    ),
    Row(
        "logout",
        _AS,
        "After signing out the browser goes to post_logout_redirect_uri, if that is registered.",
        "Microsoft Learn, OpenID Connect protocol",
    ),
    Row(
        "ropc-common",
        _AS,
        "The password grant is refused at /common and /consumers (9001023).",
        "Microsoft Learn, resource owner password credentials",
    ),
    Row(
        "ropc-federated",
        _UNKNOWN,
        "A federated account cannot use the password grant: documented; the number (50126) is "
        "chosen among several.",
        "Microsoft Learn, resource owner password credentials",
    ),
    Row(
        "user-realm",
        _AS,
        "Members and header of the user realm answer.",
        _KUBELOGIN,
    ),
    Row(
        "ws-trust",
        _TOY,
        "A federated person's realm names a federation server that is not there (404).",
    ),
    Row(
        "device-code",
        _AS,
        "Nine letters and digits, fifteen minutes, an interval of five seconds, no "
        "verification_uri_complete.",
        _KUBELOGIN,
    ),
    Row(
        "verification-uri",
        _TOY,
        "The address on the device is this tenant's /devicelogin, which leads to the same "
        "page as Microsoft's.",
    ),
    Row(
        "device-confirm",
        _AS,
        "The person is asked whether this is the app they mean.",
        "Microsoft Learn, breaking changes, June 2021",
    ),
    Row(
        "device-correlation",
        _AS,
        "Answers to polls carry the correlation id of the request for the code.",
        _KUBELOGIN,
    ),
    Row(
        "device-code-twice",
        _AS,
        "The device code may stand in code, in device_code, or the same in both.",
        "azure-docs#46110; msal for Python",
    ),
    Row(
        "device-short-name",
        _AS,
        "grant_type=device_code works as well.",
        _KUBELOGIN,
    ),
    Row(
        "declined",
        _UNKNOWN,
        "authorization_declined is documented; its number was not found, 65004 stands here.",
        "Microsoft Learn, device authorization grant",
    ),
    Row(
        "device-code-spent",
        _UNKNOWN,
        "A device code that was redeemed gives 54005.",
    ),
    Row(
        "loop-guard",
        _AS,
        "The fifteenth equal request within five minutes gets 50196. Equal are authorize requests "
        "of one browser with the same hint, scope, client, redirect URI and mode, as documented; "
        "only those that ask nobody anything are counted, and the error goes to the app, which "
        "are guesses, as is how fast a device must poll to be counted.",
        "Microsoft Learn, breaking changes; microsoft-authentication-library-for-dotnet#1495",
    ),
    Row(
        "revoked",
        _UNKNOWN,
        "Revoked sessions: 50173 is documented, the suberror bad_token is not verified.",
        _CODES,
    ),
)
"""Part of the one table: see `fidelity`."""
