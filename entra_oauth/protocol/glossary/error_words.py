"""OAuth's words for errors and Entra's sub-errors: the meaning of each, and the remedy.

Entra's numbers have a file of their own, see `aadsts.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ERRORS", "SUBERRORS", "ErrorWord"]


@dataclass(frozen=True, slots=True)
class ErrorWord:
    """An OAuth error or a sub-error: what it means, what to do, and what can help.

    `helps` holds those of `retry`, `person` and `administrator` that can.
    """

    meaning: str
    action: str
    helps: tuple[str, ...] = ()
    by_grant: Mapping[str, str] = field(default_factory=dict)
    """By `grant_type`, the action that fits there in place of the general one."""

    def action_for(self, grant_type: str) -> str:
        """The action that fits the grant that was refused."""
        return self.by_grant.get(grant_type, self.action)


_PERSON, _ADMIN, _RETRY = "person", "administrator", "retry"

ERRORS = {
    "access_denied": ErrorWord(
        "The person, or a policy, said no.",
        "Sign in again and accept, or ask an administrator why it is refused.",
        (_PERSON, _ADMIN),
    ),
    "authorization_declined": ErrorWord(
        "The person declined the device sign-in in the browser.",
        "Start again, and accept on the page.",
        (_PERSON,),
    ),
    "authorization_pending": ErrorWord(
        "The person has not finished in the browser yet.",
        "Keep waiting: the next question is asked by itself.",
        (_RETRY,),
    ),
    "bad_verification_code": ErrorWord(
        "The device code is not known.",
        "Start again: the device code was not recognised.",
        (_PERSON,),
    ),
    "consent_required": ErrorWord(
        "Nobody has consented to these permissions yet.",
        "Sign in again and consent, or ask an administrator to grant consent.",
        (_PERSON, _ADMIN),
    ),
    "expired_token": ErrorWord(
        "The device code has expired before the person finished.",
        "Start again, and finish within the time that is shown.",
        (_PERSON,),
    ),
    "insufficient_claims": ErrorWord(
        "The resource wants a token that proves more (a claims challenge).",
        "Sign in again with --claims and the text that came along.",
        (_PERSON,),
    ),
    "interaction_required": ErrorWord(
        "A step is needed that only a person in a browser can take.",
        "Sign in again in the browser.",
        (_PERSON,),
    ),
    "invalid_client": ErrorWord(
        "The application did not prove itself, or proved itself where it must not.",
        "Check the client id and the app's proof: its secret, certificate or federated token.",
        (_ADMIN,),
        {"authorization_code": "Check the client id and how the redirect URI is registered."},
    ),
    "invalid_grant": ErrorWord(
        "What was handed in (a code, a refresh token, a password) is not good, or not any more.",
        "Sign in again: the code or refresh token is no longer good.",
        (_PERSON,),
        {
            "authorization_code": "Sign in again: the code is no longer good.",
            "refresh_token": "Sign in again: the refresh token is no longer good.",
            "client_credentials": "Check the app's proof: its secret, certificate or federated "
            "token.",
            "password": "Check the user name and the password, or sign in in the browser.",
            "urn:ietf:params:oauth:grant-type:device_code": "Start again: the device code is no "
            "longer good.",
            "urn:ietf:params:oauth:grant-type:jwt-bearer": "Get a fresh token for this "
            "application, and hand that in.",
        },
    ),
    "invalid_instance": ErrorWord(
        "The login host is none that Entra knows.", "Check --authority-host.", ()
    ),
    "invalid_request": ErrorWord(
        "The request lacks something, or has something too much.",
        "Check the options against the app registration.",
    ),
    "invalid_resource": ErrorWord(
        "The tenant does not know the resource that the token is for.",
        "Check --scope: this tenant does not know the resource.",
        (_ADMIN,),
    ),
    "invalid_scope": ErrorWord(
        "A permission that was asked for does not exist, or not for this app.",
        "Check the names after --scope: one is misspelled or not for this app.",
    ),
    "invalid_tenant": ErrorWord(
        "The tenant is not known to this host.", "Check --tenant and --cloud.", ()
    ),
    "invalid_token": ErrorWord(
        "The resource does not accept the token: expired, revoked or for somebody else.",
        "Get a fresh token for this resource.",
        (_PERSON,),
    ),
    "login_required": ErrorWord(
        "There is no session that could be used silently.",
        "Sign in again without --prompt none.",
        (_PERSON,),
    ),
    "server_error": ErrorWord(
        "Something went wrong at the authority.",
        "Try again in a minute; the fault is at the authority.",
        (_RETRY,),
    ),
    "slow_down": ErrorWord(
        "The device flow is asking too often (RFC 8628 §3.5).",
        "Nothing is to be done: from now on it asks five seconds later each time.",
        (_RETRY,),
    ),
    "temporarily_unavailable": ErrorWord(
        "The authority cannot answer at the moment.",
        "Try again in a minute; the authority is busy.",
        (_RETRY,),
    ),
    "unauthorized_client": ErrorWord(
        "The app is not known in this tenant, or may not do this.",
        "Check the client id and the tenant.",
        (_ADMIN,),
    ),
    "unsupported_grant_type": ErrorWord(
        "The authority does not know this way to a token.", "Choose another --flow."
    ),
    "unsupported_response_type": ErrorWord(
        "The app may not have this kind of answer.", "Ask for a code: response_type=code."
    ),
}

SUBERRORS = {
    "additional_action": ErrorWord(
        "A step outside the sign-in is needed: enrol a device, install an app.",
        "Do what the sign-in page asks for, then sign in again.",
        (_PERSON, _ADMIN),
    ),
    "bad_token": ErrorWord(
        "The refresh token is dead for every resource.",
        "Sign in again; the old refresh token is of no more use.",
        (_PERSON,),
    ),
    "basic_action": ErrorWord(
        "A simple step is needed, such as multi-factor authentication.",
        "Sign in again in the browser.",
        (_PERSON,),
    ),
    "cancel": ErrorWord(
        "The person left the sign-in page.",
        "The sign-in was cancelled in the browser. Start again when you are ready.",
        (_PERSON,),
    ),
    "client_mismatch": ErrorWord(
        "The refresh token belongs to another family of applications.",
        "Sign in with this application itself.",
        (_PERSON,),
    ),
    "consent_required": ErrorWord(
        "Consent is missing, or was taken back.",
        "Sign in again and consent, or ask an administrator to grant consent.",
        (_PERSON, _ADMIN),
    ),
    "device_authentication_failed": ErrorWord(
        "The device could not prove itself.",
        "Repair the registration of the device, or ask an administrator.",
        (_PERSON, _ADMIN),
    ),
    "message_only": ErrorWord(
        "The page would only explain: a policy blocks this place, device or person.",
        "Ask an administrator; signing in again will not help.",
        (_ADMIN,),
    ),
    "protection_policy_required": ErrorWord(
        "An app-protection policy (Intune) is demanded, which only managed apps meet.",
        "Use a managed app, or ask an administrator.",
        (_ADMIN,),
    ),
    "token_expired": ErrorWord(
        "A policy limits how long a sign-in lasts, and that time is over.",
        "Sign in again.",
        (_PERSON,),
    ),
    "user_password_expired": ErrorWord(
        "The person's password has expired.",
        "Sign in in the browser and change the password.",
        (_PERSON,),
    ),
}
