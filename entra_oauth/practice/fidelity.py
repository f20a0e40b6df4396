"""How far each behaviour can be trusted to be Entra's: the one table of it.

Code that a row speaks of carries `fidelity: <key>` in a comment, and a test keeps
the two together. The page `/fidelity` shows the table.
"""

from __future__ import annotations

from entra_oauth.practice.fidelity_apps import APPS
from entra_oauth.practice.fidelity_people import PEOPLE
from entra_oauth.practice.fidelity_row import Label, Row

__all__ = ["ROWS", "Label", "Row"]

_AS, _STRICT, _TOY, _UNKNOWN = Label.AS_ENTRA, Label.STRICTER, Label.TOY, Label.UNKNOWN

_FLOW = "Microsoft Learn, OAuth 2.0 authorization code flow"
_REPLY = "Microsoft Learn, redirect URI restrictions"
_CODES = "Microsoft Learn, authentication error codes"
_KUBELOGIN = "recordings of Azure/kubelogin, Feb 2025"

_CORE = (
    # authorize
    Row(
        "page-errors",
        _AS,
        "A wrong client id (700016) or redirect URI (50011) stays on a page; the app hears "
        "nothing.",
        _CODES,
    ),
    Row(
        "error-page-status",
        _UNKNOWN,
        "The HTTP status of that page; here 400.",
    ),
    Row(
        "error-redirect",
        _AS,
        "Other errors go to the redirect URI, with CR LF between the lines of the trailer.",
        "MSAL for Android's test data; azure-docs#114009",
    ),
    Row(
        "reply-encoding",
        _AS,
        "Replies are form-encoded with + for a blank and lower-case hexadecimal digits.",
        "MSAL for Android's test data",
    ),
    Row(
        "redirect-port",
        _AS,
        "The port of localhost does not count, path and case do, and 127.0.0.1 is not localhost.",
        _REPLY,
    ),
    Row(
        "redirect-slash",
        _UNKNOWN,
        "http://localhost and http://localhost/ count as one; Microsoft's page does not say.",
    ),
    Row(
        "path-less-redirect",
        _AS,
        "A redirect URI without a path is answered with a slash added.",
        _REPLY,
    ),
    Row(
        "empty-fragment",
        _AS,
        "Answers by query end in an empty #.",
        "Microsoft Learn, breaking changes, Feb 2020",
    ),
    Row(
        "redirect-uri-missing",
        _AS,
        "Without redirect_uri a registered one is taken; which one, where there are several, is "
        "not documented.",
        "Microsoft Learn, OpenID Connect protocol",
    ),
    Row(
        "state-html",
        _UNKNOWN,
        "state comes back unchanged. Microsoft says that HTML is stripped from it, not how.",
        _REPLY,
    ),
    Row("session-state", _AS, "Answers carry session_state, a GUID.", "test data of MSAL.NET"),
    Row(
        "cancel",
        _AS,
        "Cancel at sign-in: access_denied with error_subcode=cancel, without a description.",
        "Versent/saml2aws#681; MSAL for Android's test data",
    ),
    Row("decline", _AS, "Cancel at consent: access_denied, 65004.", "azure-docs#114009"),
    Row(
        "response-type",
        _UNKNOWN,
        "Only code, as the configuration says; the number for anything else (70005) is a guess "
        "between several.",
        _CODES,
    ),
    Row(
        "repeated-parameter",
        _AS,
        "A repeated parameter is refused (9000411).",
        "azure-sdk-for-java#31733",
    ),
    Row(
        "prompt-none",
        _UNKNOWN,
        "login_required 50058 without a session; interaction_required for several accounts "
        "(16000) and missing consent (65001): values documented, pairs not captured.",
        _FLOW,
    ),
    Row(
        "unknown-user",
        _TOY,
        "On the page an unknown name and a wrong password give the same message; Entra asks for "
        "the name on a page of its own.",
    ),
    Row(
        "consent-default",
        _TOY,
        ".default means every permission of the resource, and consent is asked once per person, "
        "app and resource; Entra looks at the app's own list.",
    ),
    Row("hints", _TOY, "domain_hint and max_age are accepted and not used."),
    Row(
        "form-post",
        _AS,
        "form_post is a page that sends itself; here it has a button as well.",
        "OAuth 2.0 Form Post Response Mode",
    ),
    # PKCE and code
    Row("pkce-optional", _AS, "PKCE is optional, except for a single-page app (9002325).", _FLOW),
    Row("pkce-plain", _AS, "plain is accepted, and meant where no method is given.", _FLOW),
    Row(
        "pkce-downgrade",
        _AS,
        "A verifier without a challenge is refused (501481).",
        "get-convex/convex-auth#457, Aug 2026",
    ),
    Row(
        "pkce-missing-verifier",
        _UNKNOWN,
        "A missing verifier gives 501481; in 2021 it was 50148.",
        "pennersr/django-allauth#2916",
    ),
    Row("pkce-wrong-verifier", _UNKNOWN, "A wrong verifier does not use the code up."),
    Row("code-shape", _AS, "A code is opaque, about 900 characters, with dots.", "test data"),
    Row("code-life", _AS, "A code lives ten minutes (70008).", _FLOW),
    Row(
        "code-single-use",
        _AS,
        "A code works once (54005).",
        "Microsoft Learn, breaking changes, Nov 2018",
    ),
    Row("code-reuse-revokes", _UNKNOWN, "A second use does not revoke what the first one gave."),
    Row("code-tenant", _AS, "A code is bound to the tenant part of the URL (700005).", _CODES),
    Row(
        "redirect-uri-at-token",
        _UNKNOWN,
        "Another redirect_uri at the token endpoint gives 500112 with invalid_grant, as RFC 6749 "
        "says; Entra's own error value was not found.",
    ),
    Row(
        "malformed-code",
        _UNKNOWN,
        "An unknown code gives 70000, a mangled one 9002313; where Entra draws the line is not "
        "known.",
        _CODES,
    ),
    # token endpoint
    Row(
        "platforms",
        _AS,
        "Native with a secret 700025, web without 7000218, Origin on other than a single-page app "
        "9002326, none on such an app 9002327.",
        _CODES,
    ),
    Row("unknown-parameters", _AS, "state and other unknown parameters are ignored.", "RFC 6749"),
    Row(
        "wrong-content-type",
        _AS,
        "A body that is not form-encoded is not read, so its fields are missing (900144).",
        _CODES,
    ),
    Row(
        "error-trailer",
        _AS,
        "JSON errors end in one line: Trace ID, Correlation ID, Timestamp; in several, as up to "
        "2023, when the tenant is told so.",
        _KUBELOGIN,
    ),
    Row(
        "error-uri",
        _AS,
        "error_uri only where Entra's lookup page knows the number; it points to this tenant.",
        "recordings of a live tenant, Aug 2026",
    ),
    Row(
        "invalid-client-status",
        _AS,
        "401 for invalid_client, 400 for the rest (401 for 7000218 and 700025 not captured).",
        _KUBELOGIN,
    ),
    Row(
        "error-pair",
        _UNKNOWN,
        "Number and text are documented, error value and status inferred: 28000, 28003, 50149, "
        "501491, 900561; of accounts 50034, 50052, 50053, 50055, 50057, 50173; of devices 70018, "
        "70019, 90119, 90120; of proofs and assertions 50013, 50027, 50048, 500131, 500133, "
        "700024, 700027, 700211 to 700213, 700229, 7000222, 7000114, 240002; of tenants 50059, "
        "9002332; of administrators 90093.",
        _CODES,
    ),
    Row("headers", _AS, "Header names and values of answers, but for cookies.", _KUBELOGIN),
    Row("token-life", _AS, "An access token lives 60 to 90 minutes, at random.", "Microsoft Learn"),
    Row(
        "access-token-v1",
        _AS,
        "v1.0 tokens for Databricks, issued by https://sts.windows.net/; iat and nbf lie five "
        "minutes back.",
        "Databricks, Microsoft Learn and samples",
    ),
    Row(
        "graph-token", _TOY, "Graph's tokens look like the others; real ones differ in the header."
    ),
    Row(
        "issuer",
        _AS,
        "The ID token's issuer is this tenant's own address, as the real one's is its own.",
        "Microsoft Learn, ID token claims",
    ),
    Row("kid", _TOY, "Key ids begin with practice-, so that no token here passes for a real one."),
    Row(
        "scope-echo",
        _AS,
        "scope names the permission and .default, with the resource before both.",
        "gbrueckl/Databricks.API.PowerShell#93, 2025",
    ),
    Row(
        "oidc-from-authorize",
        _STRICT,
        "ID and refresh token come only if the authorize request asked for them; scope at the "
        "token endpoint chooses the resource and adds nothing.",
    ),
    Row(
        "refresh-rotation",
        _AS,
        "Each refresh gives a new token, and the old one stays good, ninety days (a day for a "
        "single-page app).",
        "Microsoft Learn, refresh tokens",
    ),
    # documents and workspace
    Row(
        "discovery",
        _AS,
        "The OpenID configuration has Entra's members and lists what exists here: neither grant "
        "types nor PKCE methods. kerberos_endpoint and rbac_url lead nowhere.",
        _KUBELOGIN,
    ),
    Row("discovery-v1", _AS, "The v1.0 configuration likewise.", "Microsoft Learn, access tokens"),
    Row(
        "instance-discovery",
        _AS,
        "The known clouds and their names; an unknown host is invalid_instance (50049). This "
        "machine counts as known.",
        _KUBELOGIN,
    ),
    Row(
        "userinfo",
        _AS,
        "Userinfo is at Graph's host, or here where the tenant has a host name of its own; its "
        "sub is the ID token's.",
        "Microsoft Learn, UserInfo endpoint",
    ),
    Row(
        "consumers",
        _TOY,
        "There are no personal accounts: /consumers has documents, and every app is for work "
        "accounts only (9002332).",
    ),
    Row(
        "aad-auth",
        _AS,
        "/aad/auth and /oidc/oauth2/v2.0/authorize of the workspace lead to the tenant.",
        "databricks-sdk-py 0.156",
    ),
    Row(
        "workspace-admin-header",
        _AS,
        "Who is not in the workspace is let in with the resource's id in a header and a role on "
        "it, an app with a management token too. The role is a mark in the practice directory, "
        "and any well-formed id will do.",
        "Databricks, Microsoft Entra ID tokens",
    ),
    Row(
        "cae-challenge",
        _AS,
        "On demand the workspace answers a token of a cp1 client with 401 and a claims challenge; "
        "whether a real one ever does is not known.",
        "Microsoft Learn, claims challenges",
    ),
    Row(
        "workspace-refusals",
        _UNKNOWN,
        "The workspace's 401 and 403 are from memory; 400 in HTML for a wrong audience was "
        "reported in 2021.",
        "azure-docs#83517",
    ),
)

ROWS = (*_CORE, *PEOPLE, *APPS)
"""Every behaviour that somebody might take for Entra's."""
