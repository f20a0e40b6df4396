"""Named faults: what goes wrong in practice, and what attackers do.

Each is a few rules in the words of `syntax`, so all of them can be taken apart
and changed. They last until the faults are cleared.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SCENARIOS", "Scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One name."""

    name: str
    summary: str
    rules: tuple[str, ...]


_MFA_CLAIMS = (
    '{"access_token":{"capolids":{"essential":true,'
    '"values":["00000000-0000-4000-8000-000000000050"]}}}'
)
_BLOCK_PAGE = (
    "<!doctype html><title>Blocked</title><h1>Access denied</h1><p>The proxy of this network "
    "does not allow this address.</p>"
)

_ALL = (
    Scenario(
        name="mfa-required",
        summary="the token endpoint wants a second factor first (AADSTS50076)",
        rules=(f"token aadsts=50076 suberror=basic_action 'claims={_MFA_CLAIMS}'",),
    ),
    Scenario(
        name="admin-consent",
        summary="people may not consent; the app is told that the person gave up",
        rules=("authorize,page user-consent=no",),
    ),
    Scenario(
        name="wrong-redirect",
        summary="the redirect URI is not registered: an error page, and no way back (AADSTS50011)",
        rules=("authorize aadsts=50011",),
    ),
    Scenario(
        name="stolen-code",
        summary="the redirect carries Mallory's code: PKCE stops it (AADSTS501481), else she is in",
        rules=("redirect code=stolen",),
    ),
    Scenario(
        name="csrf-state",
        summary="the redirect carries a state that was never sent",
        rules=("redirect set=state:not-the-state-that-was-sent",),
    ),
    Scenario(
        name="delivered-twice",
        summary="the browser delivers the reply, and then once more, as after a reload",
        rules=("redirect twice",),
    ),
    Scenario(
        name="throttled",
        summary="too many requests: 429, plain text, Retry-After",
        rules=("token,devicecode status=429 'body=Too Many Requests' retry-after=2",),
    ),
    Scenario(
        name="expired-refresh",
        summary="refresh tokens are too old (AADSTS700082)",
        rules=("token match=grant_type:refresh_token aadsts=700082",),
    ),
    Scenario(
        name="mix-up",
        summary="the redirect, and the ID token, come from another authority",
        rules=(
            "redirect set=iss:https://login.mallory.example/common/v2.0",
            "token id_token.iss=https://login.mallory.example/common/v2.0",
        ),
    ),
    Scenario(
        name="clock-skew",
        summary="the authority's clock is two hours behind: its tokens are out of date",
        rules=("any clock=-7200",),
    ),
    Scenario(
        name="cae-challenge",
        summary="the workspace turns the token down and says what a new one must have",
        rules=("workspace cae",),
    ),
    Scenario(
        name="slow", summary="the token endpoint takes ten seconds", rules=("token delay=10",)
    ),
    Scenario(
        name="reset",
        summary="the connection is reset when the token is asked for",
        rules=("token reset",),
    ),
    Scenario(
        name="html-from-proxy",
        summary="a proxy's page comes in place of the token",
        rules=(f"token status=403 type=text/html 'body={_BLOCK_PAGE}'",),
    ),
    Scenario(
        name="truncated", summary="half of the token answer arrives", rules=("token truncate=200",)
    ),
    Scenario(
        name="broken-json",
        summary="the token answer is JSON that ends in the middle",
        rules=('token status=200 type=application/json body={\\"access_token\\":',),
    ),
    Scenario(
        name="wrong-nonce",
        summary="the ID token answers another sign-in",
        rules=("token id_token.nonce=not-the-nonce-that-was-sent",),
    ),
    Scenario(
        name="wrong-audience",
        summary="the ID token was made for another app",
        rules=("token id_token.aud=00000000-0000-4000-8000-0000000000ff",),
    ),
    Scenario(
        name="expired-id-token",
        summary="the ID token is two hours old",
        rules=("token id_token.exp=-3600 id_token.nbf=-7200 id_token.iat=-7200",),
    ),
    Scenario(
        name="unsigned",
        summary="the ID token has the algorithm none",
        rules=("token id_token.alg=none",),
    ),
    Scenario(
        name="bad-signature",
        summary="the ID token's signature is not the authority's",
        rules=("token signature=broken",),
    ),
)

SCENARIOS = {scenario.name: scenario for scenario in _ALL}
