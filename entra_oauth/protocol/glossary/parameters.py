"""What the names of OAuth and Entra mean, in words. One place for the whole package.

Parameters (RFC 6749, RFC 7636, RFC 8628, RFC 7523), token claims (Entra's "ID token
claims reference" and "Access token claims reference"), OAuth errors and Entra's
sub-errors. Entra's numbers have a file of their own, see `aadsts.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AT_STEP", "CLAIMS", "ERRORS", "PARAMETERS", "RESOURCES", "SUBERRORS", "ErrorWord"]


@dataclass(frozen=True, slots=True)
class ErrorWord:
    """An OAuth error or a sub-error: what it means, what to do, and what can help.

    `helps` holds those of `retry`, `person` and `administrator` that can.
    """

    meaning: str
    action: str
    helps: tuple[str, ...] = ()


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
        "Check the client id and how the redirect URI is registered.",
        (_ADMIN,),
    ),
    "invalid_grant": ErrorWord(
        "What was handed in (a code, a refresh token, a password) is not good, or not any more.",
        "Sign in again: the code or refresh token is no longer good.",
        (_PERSON,),
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
        "The authority does not know this way to a token.",
        "Choose another --flow.",
    ),
    "unsupported_response_type": ErrorWord(
        "The app may not have this kind of answer.",
        "Ask for a code: response_type=code.",
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

PARAMETERS = {
    "assertion": "a token that is handed in for another one (on-behalf-of)",
    "claims": "JSON that says what the token must prove; it comes from a claims challenge",
    "client_assertion": "a short-lived JWT by which the app proves itself",
    "client_assertion_type": "says that client_assertion is a JWT (RFC 7523)",
    "client_id": "which app is asking",
    "client_secret": "the app's password; a public app has none",
    "code": "good once, for ten minutes, for this app only",
    "code_challenge": "the hash of a secret that stays here until the code is redeemed (PKCE)",
    "code_challenge_method": "how the challenge was hashed: S256",
    "code_verifier": "the secret whose hash was sent with the authorize request (PKCE)",
    "correlation_id": "names the request in Entra's logs; support asks for it",
    "device_code": "the program's half of a device sign-in; the person types the other",
    "domain_hint": "where the person's account is",
    "error": "what went wrong, as a word that programs can read",
    "error_codes": "Entra's numbers for what went wrong",
    "error_description": "what went wrong, for people",
    "expires_in": "seconds that the token is good for",
    "ext_expires_in": "the same, should Entra be down",
    "grant_type": "what is being handed in for the token",
    "interval": "seconds between two questions of a device sign-in, at least",
    "login_hint": "the user name to fill in",
    "password": "the person's password; only the password flow sends it",
    "prompt": "what the sign-in page is to ask",
    "redirect_uri": "where the browser is sent back to; it must be registered, to the letter",
    "refresh_token": "gets new access tokens without a sign-in",
    "requested_token_use": "on_behalf_of: the new token is for the same person",
    "response_mode": "how the answer comes back: in the address (query) or as a form (form_post)",
    "response_type": '"give me a code, not a token"',
    "scope": "what the token is to be good for",
    "session_state": "for browsers; not used here",
    "state": "a random value that must come back unchanged: it ties the answer to this request "
    "(RFC 6749 §10.12)",
    "suberror": "Entra's finer word for what went wrong",
    "timestamp": "when it went wrong, by the authority's clock; support asks for it",
    "token_type": "whoever holds it may use it (Bearer)",
    "trace_id": "names the answer in Entra's logs; support asks for it",
    "user_code": "what the person types on the page of a device sign-in",
    "username": "the person's user name; only the password flow sends it",
    "verification_uri": "the page where the person types the code of a device sign-in",
}

AT_STEP: dict[str, dict[str, str | dict[str, str]]] = {
    "authorize": {
        "response_mode": {
            "form_post": "the answer comes as a form, not in the address",
            "query": "the answer comes in the address, as in the article",
        },
        "redirect_uri": "where the browser is to be sent back to",
        "state": "must come back unchanged (step 3)",
        "code_challenge": "the hash of a secret that stays here until step 4",
        "code_challenge_method": "how it was hashed",
        "nonce": "must come back inside the ID token (step 5)",
        "prompt": "what the page is to ask",
    },
    "redirect": {
        "state": "the same as in step 1? checked before anything else",
        "error": "the authority, or the person, said no",
        "error_description": "why",
    },
    "token": {
        "code": "the one from step 3",
        "redirect_uri": "the same as in step 1, byte for byte",
        "grant_type": "what is being handed in",
        "state": "as in the article; it means nothing here",
        "code_verifier": "the secret whose hash went out in step 1",
    },
    "answer": {
        "token_type": "whoever holds it may use it",
        "scope": "what was granted",
        "expires_in": "seconds it is good for",
        "access_token": "the key to the resource",
        "id_token": "who signed in, for this app",
        "error": "what went wrong",
        "error_description": "the same for people",
    },
}
"""What a parameter is for at one step of the code flow, where that says more."""

CLAIMS = {
    "acr": "how the person signed in: 1 is enough for most",
    "aio": "for Entra's own use",
    "alg": "how it is signed",
    "amr": "what was used to sign in",
    "appid": "the application that asked",
    "appidacr": "how the application proved itself: 0 not at all, 1 secret, 2 certificate",
    "at_hash": "ties the ID token to the access token that came with it",
    "aud": "only this resource may accept it",
    "auth_time": "the person signed in",
    "azp": "the application that asked",
    "azpacr": "how the application proved itself: 0 not at all, 1 secret, 2 certificate",
    "c_hash": "ties the ID token to the code that came with it",
    "email": "a mail address, for display only: it can change hands, and need not be verified",
    "exp": "good until",
    "iat": "issued",
    "idp": "who vouched for the person",
    "idtyp": "app: no person is behind it",
    "ipaddr": "the address that the person came from",
    "iss": "who issued it",
    "kid": "with which key",
    "name": "the person's name, for display only",
    "nbf": "not good before",
    "nonce": "binds it to one sign-in",
    "oid": "the person (or app) in this tenant, for good",
    "preferred_username": "the person's user name; it can change hands",
    "rh": "for Entra's own use",
    "roles": "what the application may do",
    "scp": "what it allows, in the person's name",
    "sid": "the sign-in session",
    "sub": "the person as this application sees them",
    "tid": "the tenant",
    "typ": "what it is",
    "unique_name": "the person's user name; it can change hands",
    "upn": "the person's user name; it can change hands",
    "uti": "the number of this token; it finds the sign-in in Entra's logs",
    "ver": "the kind of token",
    "wids": "the directory roles of the person",
    "x5t": "with which certificate",
    "xms_cc": "what the client can do, such as answer a claims challenge (cp1)",
}

RESOURCES = {
    "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d": "Azure Databricks",
    "00000003-0000-0000-c000-000000000000": "Microsoft Graph",
    "https://graph.microsoft.com": "Microsoft Graph",
    "https://management.azure.com": "Azure Resource Manager",
}
"""Names of audiences that people meet."""
