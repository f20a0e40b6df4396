"""Entra's numbered errors, as far as the practice tenant gives them.

The texts follow real answers where one was seen. Programs must not depend on
them, nor on the numbers
(https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
"""

from __future__ import annotations

from entra_oauth.practice.aadsts_apps import APPS
from entra_oauth.practice.aadsts_people import PEOPLE
from entra_oauth.practice.kinds import kind

__all__ = ["KINDS"]

# fidelity: error-pair
_KINDS = (
    kind(
        16000,
        "interaction_required",
        "Either multiple user identities are available for the current request or selected "
        "account is not supported for the scenario.",
        "Ask again without prompt=none, or with a login_hint.",
    ),
    kind(
        28000,
        "invalid_scope",
        "Provided value for the input parameter scope is not valid because it contains more "
        "than one resource. Scope {} is not valid.",
        "Ask for one resource at a time.",
    ),
    kind(
        28003,
        "invalid_scope",
        "Provided value for the input parameter scope cannot be empty when requesting an access "
        "token using the provided authorization code. Please specify a valid scope.",
        "Send the scope, or leave the parameter out.",
    ),
    kind(
        50011,
        "invalid_request",
        "The redirect URI '{}' specified in the request does not match the redirect URIs "
        "configured for the application '{}'. Make sure the redirect URI sent in the request "
        "matches one added to your application in the Azure portal. Navigate to "
        "https://aka.ms/redirectUriMismatchError to learn more about how to troubleshoot.",
        "Register exactly this URI, or send the one that is registered. The port of localhost "
        "does not matter; path, case and host name do.",
    ),
    kind(
        50058,
        "login_required",
        "A silent sign-in request was sent but no user is signed in.",
        "Ask again without prompt=none.",
    ),
    kind(
        50126,
        "invalid_grant",
        "Error validating credentials due to invalid username or password.",
        "Type the name and the password again.",
    ),
    kind(
        50149,
        "invalid_request",
        "Invalid Code_Challenge_method parameter.",
        "Send code_challenge_method=S256.",
    ),
    kind(
        50194,
        "invalid_request",
        "Application '{}'({}) is not configured as a multi-tenant application. Usage of the "
        "/common endpoint is not supported for such apps created after '10/15/2018'. Use a "
        "tenant-specific endpoint or configure the application to be multi-tenant.",
        "Put the tenant's id or domain into the URL.",
    ),
    kind(
        54005,
        "invalid_grant",
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or "
        "use an existing refresh token.",
        "Sign in again for a new code.",
    ),
    kind(
        65001,
        "invalid_grant",
        "The user or administrator has not consented to use the application with ID '{}' named "
        "'{}'. Send an interactive authorization request for this user and resource.",
        "Sign in once with the browser and accept.",
        suberror="consent_required",
    ),
    kind(
        65004,
        "access_denied",
        "User declined to consent to access the app.",
        "Sign in again and accept, or give the app fewer permissions.",
    ),
    kind(
        70000,
        "invalid_grant",
        "Provided grant is invalid or malformed.",
        "Send the code or refresh token unchanged, with the client id it was issued to.",
    ),
    kind(
        70003,
        "unsupported_grant_type",
        "The app requested an unsupported grant type '{}'.",
        "Correct grant_type; the error is often a misspelling.",
        listed=False,
    ),
    kind(
        70005,
        "unsupported_response_type",
        "The provided value for the input parameter 'response_type' isn't allowed for this "
        "client. Expected value is 'code'.",
        "Send response_type=code.",
    ),
    kind(
        70007,
        "invalid_request",
        "'{}' isn't a supported value of 'response_mode' when requesting a token.",
        "Send query, form_post or fragment.",
    ),
    kind(
        70008,
        "invalid_grant",
        "The provided authorization code or refresh token has expired due to inactivity. Send a "
        "new interactive authorization request for this user and resource.",
        "Sign in again; a code lives ten minutes.",
    ),
    kind(
        70011,
        "invalid_scope",
        "The provided request must include a 'scope' input parameter. The provided value for "
        "the input parameter 'scope' is not valid. The scope {} is not valid.{}",
        "Ask for .default alone, or for named permissions alone.",
    ),
    kind(
        90002,
        "invalid_request",
        "Tenant '{}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud. Check with your subscription administrator, this may "
        "happen if there are no active subscriptions for the tenant.",
        "Use the tenant id or domain that the start page shows.",
    ),
    kind(
        90013,
        "invalid_request",
        "Invalid input received from the user.",
        "Start again from the app.",
    ),
    kind(90023, "invalid_request", "Unsupported '{}' value.", "Correct that parameter."),
    kind(
        500011,
        "invalid_resource",
        "The resource principal named {} was not found in the tenant named {}. This can happen "
        "if the application has not been installed by the administrator of the tenant or "
        "consented to by any user in the tenant. You might have sent your authentication request "
        "to the wrong tenant.",
        "Check the resource part of the scope.",
    ),
    kind(
        500112,
        "invalid_grant",
        "The reply address '{}' does not match the reply address '{}' provided when requesting "
        "Authorization code.",
        "Send the same redirect_uri, character for character, in both requests.",
    ),
    kind(
        500113,
        "invalid_request",
        "No reply address is registered for the application.",
        "Register a redirect URI.",
    ),
    kind(
        501481,
        "invalid_grant",
        "The Code_Verifier does not match the code_challenge supplied in the authorization "
        "request.",
        "Send the verifier whose challenge was in the authorize URL.",
    ),
    kind(
        501491,
        "invalid_request",
        "Invalid size of Code_Challenge parameter.",
        "A challenge has 43 to 128 characters; an S256 one has 43.",
    ),
    kind(
        650053,
        "invalid_client",
        "The application '{}' asked for scope '{}' that doesn't exist on the resource '{}'. "
        "Contact the app vendor.",
        "Correct the permission's name, or use .default.",
        listed=False,
    ),
    kind(
        700005,
        "invalid_grant",
        "Provided Authorization Code is intended to use against other tenant, thus rejected.",
        "Use the same tenant in the authorize and the token URL.",
    ),
    kind(
        700016,
        "unauthorized_client",
        "Application with identifier '{}' was not found in the directory '{}'. This can happen "
        "if the application has not been installed by the administrator of the tenant or "
        "consented to by any user in the tenant. You may have sent your authentication request "
        "to the wrong tenant.",
        "Check the client id and the tenant.",
    ),
    kind(
        700025,
        "invalid_client",
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
        "Leave the secret out.",
        status=401,
    ),
    kind(
        700038,
        "unauthorized_client",
        "{} is not a valid application identifier.",
        "Send the Application (client) ID of the registration.",
        listed=False,
    ),
    kind(
        700082,
        "invalid_grant",
        "The refresh token has expired due to inactivity. The token was issued on {} and was "
        "inactive for 90.00:00:00.",
        "Sign in again.",
        suberror="bad_token",
    ),
    kind(
        700084,
        "invalid_grant",
        "The refresh token was issued to a single page app (SPA), and therefore has a fixed, "
        "limited lifetime of 1.00:00:00, which cannot be extended. It is now expired and a new "
        "sign in request must be sent by the SPA to the sign in page. The token was issued on {}.",
        "Sign in again.",
    ),
    kind(
        900023,
        "invalid_request",
        "Specified tenant identifier '{}' is neither a valid DNS name, nor a valid external "
        "domain.",
        "Put the tenant's id or domain into the URL.",
    ),
    kind(
        900144,
        "invalid_request",
        "The request body must contain the following parameter: '{}'.",
        "Add that parameter; the body of a token request must be form-encoded.",
    ),
    kind(
        900561,
        "invalid_request",
        "The endpoint only accepts {} requests. Received a {} request.",
        "Start again from the app.",
    ),
    kind(
        901002,
        "invalid_request",
        "The 'resource' request parameter is not supported.",
        "Name the resource in scope: <resource>/.default.",
    ),
    kind(
        7000215,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the "
        "client secret value, not the client secret ID, for a secret added to app '{}'.",
        "Send the secret's value.",
        status=401,
    ),
    kind(
        7000218,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or "
        "'client_secret'.",
        "Send the secret, or register the redirect URI under 'Mobile and desktop applications'.",
        status=401,
    ),
    kind(
        9000411,
        "invalid_request",
        "The request is not properly formatted. The parameter '{}' is duplicated.",
        "Send each parameter once.",
    ),
    kind(
        9002313,
        "invalid_request",
        "Invalid request. Request is malformed or invalid.",
        "Check every value; a code or token must be sent unchanged.",
    ),
    kind(
        9002325,
        "invalid_request",
        "Proof Key for Code Exchange is required for cross-origin authorization code redemption.",
        "Send code_challenge and code_challenge_method=S256.",
    ),
    kind(
        9002326,
        "invalid_request",
        "Cross-origin token redemption is permitted only for the 'Single-Page Application' "
        "client-type. Request origin: '{}'.",
        "Do not send an Origin header.",
    ),
    kind(
        9002327,
        "invalid_request",
        "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via "
        "cross-origin requests.",
        "Register the redirect URI under 'Mobile and desktop applications'.",
    ),
)

KINDS = {each.number: each for each in (*_KINDS, *PEOPLE, *APPS)}
"""Every error the tenant can give, by number."""
