"""Errors that are about a person, their account, or their device."""

from __future__ import annotations

from entra_oauth.practice.kinds import kind

__all__ = ["PEOPLE"]

PEOPLE = (
    kind(
        50034,
        "invalid_grant",
        "The user account {} does not exist in the {} directory. To sign into this application, "
        "the account must be added to the directory.",
        "Check the name and the tenant.",
    ),
    kind(
        50052,
        "invalid_grant",
        "The password entered exceeds the maximum length of 256. Please reach out to your admin "
        "to reset the password.",
        "No password is that long; check what is sent.",
    ),
    kind(
        50053,
        "invalid_grant",
        "The account is locked, you've tried to sign in too many times with an incorrect user ID "
        "or password.",
        "Stop trying. The lock ends after a minute; an administrator can end it at once.",
    ),
    kind(
        50055,
        "invalid_grant",
        "The password is expired.",
        "Change the password in an interactive sign-in.",
        suberror="user_password_expired",
    ),
    kind(
        50057,
        "invalid_grant",
        "The user account is disabled.",
        "Ask an administrator.",
    ),
    kind(
        50076,
        "invalid_grant",
        "Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must use multi-factor authentication to access '{}'.",
        "Sign in with the browser; this grant has no room for a second step.",
        suberror="basic_action",
    ),
    kind(
        50173,
        "invalid_grant",
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The "
        "user might have changed or reset their password. The grant was issued on '{}' and the "
        "TokensValidFrom date (before which tokens are not valid) for this user is '{}'.",
        "Forget the refresh token and sign in again.",
        suberror="bad_token",
    ),
    kind(
        50196,
        "invalid_grant",
        "The server terminated an operation because it encountered a client request loop. Please "
        "contact your app vendor.",
        "Keep tokens and use them again; a device waits the interval that it was given.",
    ),
    kind(
        70016,
        "authorization_pending",
        "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        "Wait the interval, then ask again.",
    ),
    kind(
        70018,
        "bad_verification_code",
        "Invalid verification code due to user typing in wrong user code for device code flow.",
        "Type the code as the device shows it; a device sends its own code unchanged.",
    ),
    kind(
        70019,
        "expired_token",
        "Verification code expired. Have the user retry the sign-in.",
        "Ask the device for a new code.",
    ),
    kind(
        70020,
        "expired_token",
        "The provided value for the input parameter 'device_code' is not valid. This device code "
        "has expired.",
        "Ask for a new code.",
    ),
    kind(
        90093,
        "invalid_request",
        "Graph returned with forbidden error code for the request.",
        "Sign in as an administrator: only one may consent for everybody.",
    ),
    kind(
        90094,
        "access_denied",
        "The grant requires admin permissions.",
        "Ask an administrator to consent.",
    ),
    kind(
        90119,
        "invalid_request",
        "The user code is null or empty.",
        "Type the code that the device shows.",
    ),
    kind(
        90120,
        "invalid_request",
        "Invalid device flow request: it was already authorized or declined.",
        "Ask the device for a new code.",
    ),
)
"""Sign-in, second step, consent of administrators, device code."""
