"""Errors that are about an app, its proof, or what it hands in for somebody."""

from __future__ import annotations

from entra_oauth.practice.kinds import kind

__all__ = ["APPS"]

APPS = (
    kind(
        50013,
        "invalid_grant",
        "Assertion failed signature validation.",
        "Hand in an access token of this tenant, unchanged.",
    ),
    kind(
        50027,
        "invalid_client",
        "JWT token is invalid or malformed.",
        "Check the assertion: three parts, iss and sub the client id, aud the token endpoint.",
        status=401,
    ),
    kind(
        50048,
        "invalid_client",
        "Subject must match Issuer claim in the client assertion.",
        "Set iss and sub to the client id.",
        status=401,
    ),
    kind(
        50049,
        "invalid_instance",
        "Unknown or invalid instance.",
        "Check the host name of the authority.",
    ),
    kind(
        50050,
        "invalid_request",
        "The request is malformed.",
        "Send authorization_endpoint as a whole URL.",
    ),
    kind(
        50059,
        "invalid_request",
        "No tenant-identifying information found in either the request or implied by any provided "
        "credentials.",
        "Put the tenant's id or domain into the URL.",
    ),
    kind(
        240002,
        "invalid_grant",
        "Input id_token cannot be used as 'urn:ietf:params:oauth:grant-type:jwt-bearer' grant.",
        "Hand in the access token.",
    ),
    kind(
        500131,
        "invalid_grant",
        "Assertion audience does not match the Client app presenting the assertion.",
        "Hand in a token that was made for this very app.",
    ),
    kind(
        500133,
        "invalid_grant",
        "Assertion is not within its valid time range. Ensure that the access token is not expired "
        "before using it for user assertion, or request a new token.",
        "Have the caller get a new token.",
    ),
    kind(
        700024,
        "invalid_client",
        "Client assertion is not within its valid time range.",
        "Check the clock; make a new assertion for each request.",
        status=401,
    ),
    kind(
        700027,
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered on "
        "application, or the signature does not match. Application '{}'.",
        "Upload the certificate, send its thumbprint, and sign with its key.",
        status=401,
    ),
    kind(
        700211,
        "invalid_client",
        "No matching federated identity record found for presented assertion issuer '{}'.",
        "Correct the issuer in the app's federated credential.",
        status=401,
    ),
    kind(
        700212,
        "invalid_client",
        "No matching federated identity record found for presented assertion audience '{}'.",
        "Correct the audience in the app's federated credential.",
        status=401,
    ),
    kind(
        700213,
        "invalid_client",
        "No matching federated identity record found for presented assertion subject '{}'.",
        "Correct the subject in the app's federated credential; it is compared as text.",
        status=401,
    ),
    kind(
        700229,
        "invalid_client",
        "Only app-only tokens can be used as Federated Identity Credentials for AAD issuer.",
        "Show a token that an app got for itself.",
        status=401,
    ),
    kind(
        1002012,
        "invalid_scope",
        "The provided value for scope {} is not valid. Client credential flows must have a scope "
        "value with /.default suffixed to the resource identifier (application ID URI).",
        "Send scope=<resource>/.default.",
    ),
    kind(
        7000114,
        "unauthorized_client",
        "Application '{}' is not allowed to make application on-behalf-of calls.",
        "Hand in a person's token, not an app's.",
    ),
    kind(
        7000222,
        "invalid_client",
        "The provided client secret keys for app '{}' are expired. Visit the Azure portal to "
        "create new keys for your app, or consider using certificate credentials for added "
        "security.",
        "Make a new secret.",
        status=401,
    ),
    kind(
        9001023,
        "invalid_request",
        "The grant type is not supported over the /common or /consumers endpoints. Please use the "
        "/organizations or tenant-specific endpoint.",
        "Put the tenant, or organizations, into the URL.",
    ),
    kind(
        9002332,
        "invalid_request",
        "Application '{}'({}) is configured for use by Azure Active Directory users only. Please "
        "do not use the /consumers endpoint to serve this request.",
        "Put the tenant's id or domain into the URL.",
    ),
)
"""Proof of the client, on-behalf-of, tenants that do not fit."""
