"""Secrecy of a value, decided by its name. Values of names that are not listed are taken out.

The lists hold what OAuth 2.0, OpenID Connect and Entra's own dialect send, and what
browsers and proxies add in headers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

__all__ = [
    "HEADERS",
    "Act",
    "Treatment",
    "header_treatment",
    "is_cookie_name",
    "is_plain_name",
    "is_secret",
    "secret_word",
    "treatment_of",
]


class Act(Enum):
    """The act on a value."""

    KEEP = auto()
    """Harmless by its name; tokens and addresses inside are still looked for."""
    TEXT = auto()
    """Words for people; what looks like a secret in them is taken out."""
    URL = auto()
    """An address; its query, fragment and user information are taken apart."""
    SECRET = auto()
    TOKEN = auto()
    """A secret; if it is a JWT, all but its signature stays readable."""
    MASK = auto()
    """A secret whose length is one too."""
    PII = auto()
    """Tells of a person or a tenant; kept unless that is to go as well."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Treatment:
    """An act, and the word of at most five letters that stands in a placeholder."""

    act: Act
    kind: str = ""


def _names(text: str) -> list[str]:
    return text.split()


_SECRET = {
    "code": "code",
    "authorization_code": "code",
    "state": "state",
    "nonce": "nonce",
    "code_verifier": "pkce",
    "refresh_token": "rt",
    "refreshtoken": "rt",
    "device_code": "dev",
    "client_info": "info",
    "session_state": "sess",
    "session_id": "sess",
    "sessionid": "sess",
    "saml_response": "saml",
    "samlresponse": "saml",
    "samlrequest": "saml",
    "relaystate": "state",
    "wresult": "saml",
    "wctx": "sess",
    "ctx": "sess",
    "flowtoken": "sess",
    "sft": "sess",
    "canary": "sess",
    "apicanary": "sess",
    "sctx": "sess",
    "hpgrequestid": "sess",
    "aio": "val",
    "rh": "val",
    "private_key": "key",
    "k": "key",
    "d": "key",
    "p": "key",
    "q": "key",
    "dp": "key",
    "dq": "key",
    "qi": "key",
    "oth": "key",
}
_TOKEN = {
    "access_token": "at",
    "accesstoken": "at",
    "token": "at",
    "id_token": "idt",
    "id_token_hint": "idt",
    "client_assertion": "asrt",
    "assertion": "asrt",
    "actor_token": "at",
    "subject_token": "at",
    "request": "jar",
    "dpop": "dpop",
}
_MASK = {
    "password": "pw",
    "passwd": "pw",
    "pwd": "pw",
    "client_secret": "sec",
    "clientsecret": "sec",
    "secret": "sec",
    "api_key": "sec",
    "apikey": "sec",
    "user_code": "user",
    "usercode": "user",
    "otp": "otp",
    "otc": "otp",
    "pin": "otp",
}
_PII = frozenset(
    _names("""username login login_hint loginhint domain_hint upn unique_name email
    preferred_username
    mail name display_name displayname given_name family_name oid sub puid onprem_sid ipaddr
    in_corp groups deviceid phone_number address birthdate user_id userid user homeaccountid
    home_oid verified_primary_email verified_secondary_email tenant tenant_id tenantid tid
    whr""")
)
_TEXT = frozenset(_names("error_description message error_message errormessage detail details"))
_URL = frozenset(
    _names("""redirect_uri post_logout_redirect_uri error_uri iss issuer resource verification_uri
    verification_url verification_uri_complete authorization_endpoint token_endpoint jwks_uri
    end_session_endpoint device_authorization_endpoint userinfo_endpoint kerberos_endpoint
    mtls_endpoint_aliases rbac_url msgraph_host cloud_graph_host_name idp jku x5u""")
)
_KEEP = frozenset(
    _names("""client_id scope response_type response_mode grant_type prompt code_challenge_method
    token_type expires_in ext_expires_in expires_on expires_at not_before refresh_in error
    error_codes timestamp trace_id correlation_id suberror claims client_assertion_type
    requested_token_use requested_token_type subject_token_type max_age display ui_locales mkt
    acr_values interval keys kty use kid x5t x5t#s256 n e x5c cloud_instance_name alg typ aud iat
    nbf exp ver acr amr appid appidacr azp azpacr scp roles wids idtyp uti auth_time at_hash
    c_hash jti enc zip cty crit client-request-id return-client-request-id x-client-sku
    x-client-ver x-client-os x-client-cpu x-client-current-telemetry x-client-last-telemetry
    x-ms-lib-capability tenant_region_scope tenant_region_sub_scope error_code status haschrome
    instance_aware sso_reload lc cloud_instance_host_name foci family_id
    http_logout_supported frontchannel_logout_supported request_uri_parameter_supported
    token_endpoint_auth_methods_supported response_modes_supported subject_types_supported
    id_token_signing_alg_values_supported response_types_supported scopes_supported
    claims_supported grant_types_supported code_challenge_methods_supported
    dpop_jkt""")
)

HEADERS: dict[str, Act] = {
    **dict.fromkeys(
        _names("""host user-agent accept accept-charset accept-language accept-encoding
        accept-ranges
        content-type content-length content-encoding content-language content-security-policy
        content-security-policy-report-only transfer-encoding connection keep-alive proxy-connection
        date server cache-control pragma expires last-modified age vary allow via upgrade
        upgrade-insecure-requests strict-transport-security x-content-type-options x-frame-options
        x-xss-protection x-dns-prefetch-control x-ua-compatible referrer-policy permissions-policy
        cross-origin-opener-policy cross-origin-resource-policy cross-origin-embedder-policy p3p
        retry-after expect te trailer dnt priority alt-svc timing-allow-origin nel report-to
        reporting-endpoints access-control-allow-origin access-control-allow-methods
        access-control-allow-headers access-control-allow-credentials access-control-max-age
        access-control-expose-headers access-control-request-method access-control-request-headers
        sec-fetch-site sec-fetch-mode sec-fetch-dest sec-fetch-user sec-ch-ua sec-ch-ua-mobile
        sec-ch-ua-platform client-request-id return-client-request-id x-client-sku x-client-ver
        x-client-os x-client-cpu x-client-current-telemetry x-client-last-telemetry
        x-ms-lib-capability x-ms-request-id x-ms-ests-server x-ms-srs x-ms-httpver x-ms-clitelem
        x-ms-version x-ms-correlation-request-id x-request-id x-correlation-id request-id
        proxy-agent"""),
        Act.KEEP,
    ),
    **dict.fromkeys(_names("location content-location referer origin"), Act.URL),
    **dict.fromkeys(_names("www-authenticate proxy-authenticate link refresh warning"), Act.TEXT),
    "authorization": Act.TOKEN,
    "proxy-authorization": Act.TOKEN,
    "x-ms-refreshtokencredential": Act.TOKEN,
    "dpop": Act.TOKEN,
    "cookie": Act.SECRET,
    "set-cookie": Act.SECRET,
}

_WORDS = re.compile(r"[A-Za-z]?[a-z]{0,14}+(?:[A-Z][a-z]{1,14}+|[._-][A-Za-z]{1,15}+)*+[0-9]{0,2}")
_SHORT = 16
_COOKIES = frozenset(
    _names("""estsauth estsauthpersistent estsauthlight signinstatecookie
    x-ms-refreshtokencredential x-ms-gateway-slice stsservicecookie esctx fpc buid ccstate aadsso
    msisauthenticated msisauth mspauth""")
)
"""Names of Entra's own cookies: they are public."""


def treatment_of(name: str) -> Treatment:
    """The treatment of the value of a parameter, a member or a claim."""
    name = name.strip().lower()
    for table, act in ((_SECRET, Act.SECRET), (_TOKEN, Act.TOKEN), (_MASK, Act.MASK)):
        if name in table:
            return Treatment(act, table[name])
    if name in _PII:
        return Treatment(Act.PII, "pii")
    if name in _TEXT:
        return Treatment(Act.TEXT)
    if name in _URL:
        return Treatment(Act.URL)
    return Treatment(Act.KEEP) if name in _KEEP else Treatment(Act.UNKNOWN, "val")


_SECRET_ACTS = frozenset([Act.SECRET, Act.TOKEN, Act.MASK])
_WORDS_OF_KINDS = {
    "asrt": "assertion",
    "at": "token",
    "code": "code",
    "dev": "code",
    "idt": "token",
    "key": "key",
    "nonce": "nonce",
    "otp": "code",
    "pkce": "verifier",
    "pw": "password",
    "rt": "token",
    "sec": "secret",
    "sess": "session",
    "state": "state",
    "user": "code",
}


def is_secret(name: str) -> bool:
    """True where the value of such a name must not be shown, wherever it stands."""
    # Only with S256 is a challenge harmless, and a name does not say how it was made.
    return name == "code_challenge" or treatment_of(name).act in _SECRET_ACTS


def secret_word(name: str) -> str | None:
    """The word for people that stands for a secret of that name; None where it is none."""
    if not is_secret(name):
        return None
    if name == "code_challenge":
        return "challenge"
    return _WORDS_OF_KINDS.get(treatment_of(name).kind, "value")


def header_treatment(name: str) -> Treatment:
    """The treatment of the value of a header."""
    act = HEADERS.get(name.strip().lower(), Act.UNKNOWN)
    kinds = {Act.TOKEN: "auth", Act.SECRET: "ck", Act.UNKNOWN: "val"}
    return Treatment(act, kinds.get(act, ""))


def is_plain_name(name: str) -> bool:
    """True for a name that is one, and no secret that stands in the place of one."""
    known = treatment_of(name).act is not Act.UNKNOWN or name.strip().lower() in HEADERS
    return known or len(name) < _SHORT or (len(name) <= 60 and bool(_WORDS.fullmatch(name)))


def is_cookie_name(name: str) -> bool:
    """True for the name of a cookie that may be shown."""
    return name.strip().lower() in _COOKIES or is_plain_name(name)
