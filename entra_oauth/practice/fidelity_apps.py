"""Of apps: their grants, their proof, their tokens."""

from __future__ import annotations

from entra_oauth.practice.fidelity_row import Label, Row

__all__ = ["APPS"]

_AS, _TOY, _UNKNOWN = Label.AS_ENTRA, Label.TOY, Label.UNKNOWN
_CODES = "Microsoft Learn, authentication error codes"
_KUBELOGIN = "recordings of Azure/kubelogin, Feb 2025"

APPS = (
    Row(
        "grants",
        _TOY,
        "Missing are the SAML bearer grants and everything of devices and brokers: 70003.",
    ),
    Row(
        "public-flows",
        _AS,
        "Password and device code need the registration's yes to public client flows (7000218).",
        _CODES,
    ),
    Row(
        "app-common",
        _UNKNOWN,
        "client_credentials at /common: documented as not allowed; the number (50059) is a guess.",
        "Microsoft Learn, client credentials flow",
    ),
    Row(
        "app-scope",
        _AS,
        "An app asks with exactly one .default (1002012); OIDC words beside it do not matter. "
        "Two resources give 70011, which is a guess.",
        _KUBELOGIN,
    ),
    Row(
        "app-life",
        _AS,
        "An app's token lives an hour, and a day for a federated assertion.",
        _KUBELOGIN,
    ),
    Row(
        "client-assertion",
        _AS,
        "PS256 or RS256, the certificate named by x5t#S256 or x5t, padded or not; no ceiling "
        "on exp, and a jti may come twice.",
        "Microsoft Learn, certificate credentials; msal for Python",
    ),
    Row(
        "assertion-audience",
        _UNKNOWN,
        "An assertion for another audience gives 50027; Entra's number was not found.",
    ),
    Row(
        "federated-issuer",
        _TOY,
        "The tenant itself plays every foreign issuer: its own key signs their tokens.",
    ),
    Row(
        "on-behalf-of",
        _AS,
        "The assertion is a person's access token for the app itself (500131, 500133, 240002, "
        "7000114); Conditional Access is not looked at.",
        "Microsoft Learn, on-behalf-of flow",
    ),
    Row(
        "family",
        _AS,
        "Family apps (foci) may use each other's refresh tokens; another app is refused with "
        "client_mismatch. The number beside that (70000) is a guess.",
        "constants of MSAL for Android",
    ),
    Row(
        "claims-malformed",
        _UNKNOWN,
        "A claims parameter that is no JSON object gives 9002313.",
    ),
    Row(
        "cae-life",
        _AS,
        "A client that can handle claims challenges (cp1) gets tokens of 20 to 28 hours, with "
        "xms_cc, where the API takes part.",
        "Microsoft Learn, continuous access evaluation",
    ),
    Row(
        "refresh-in",
        _UNKNOWN,
        "refresh_in is half the life of such a token.",
    ),
    Row(
        "cae-databricks",
        _UNKNOWN,
        "Whether Databricks takes part in continuous access evaluation was not found; here it "
        "does.",
    ),
    Row(
        "throttling",
        _AS,
        "429 with a sentence of plain text and Retry-After in seconds, when the tenant is told to.",
        "microsoft-authentication-library-for-dotnet#2855",
    ),
    Row(
        "cors",
        _UNKNOWN,
        "Only an app with a single-page redirect URI gets CORS headers, errors included; what "
        "Entra answers to a preflight was not captured.",
        "Microsoft Learn, redirect URI restrictions",
    ),
    Row(
        "v1-always",
        _UNKNOWN,
        "v1.0 gives a refresh token and an ID token without being asked; from memory.",
    ),
    Row(
        "v1-resource",
        _UNKNOWN,
        "Where no resource is named with v1.0, Microsoft Graph is meant.",
    ),
    Row(
        "v1-members",
        _UNKNOWN,
        "v1.0 answers write numbers as text and add expires_on, not_before and resource; from "
        "memory.",
    ),
    Row(
        "app-token-v1",
        _AS,
        "An app's own v1.0 token has idp, oid and sub, and neither scp nor a name.",
        "sample of a service principal's token, 2020",
    ),
    Row(
        "app-token-v2",
        _AS,
        "An app's own v2.0 token has the claims of a captured one, and no x5t in its header.",
        "recordings of a live tenant, Aug 2026",
    ),
    Row(
        "id-token-v1",
        _UNKNOWN,
        "The ID token of the v1.0 endpoint: claims from documentation; here always signed.",
        "Microsoft Learn, ID token claims",
    ),
)
"""Part of the one table: see `fidelity`."""
