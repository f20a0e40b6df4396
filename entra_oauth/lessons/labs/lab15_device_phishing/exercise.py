"""The function of lab 15, WRONG ON PURPOSE: to be repaired, never to be copied."""


def allowed(app: str, grant_type: str, age: float, screens: set[str]) -> bool:
    """Return whether the policy lets `app` use this grant.

    authorization_code: every app. The device grant: only apps in the set
    `screens`, and only while the code's `age` is at most 900 seconds. It is
    called urn:ietf:params:oauth:grant-type:device_code. Nothing else at all.
    """
    return grant_type != "password"
