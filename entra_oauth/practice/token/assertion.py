"""Checking a client assertion (RFC 7523 §3): a certificate's, or another issuer's.

Which of the two it is, the token says itself: one that the app made names a
certificate in its header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.http.refusals import refuse
from entra_oauth.practice.signing.jws import believed, seconds, split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from entra_oauth.practice.directory.client_keys import Known
    from entra_oauth.practice.signing.jws import SignedToken
    from entra_oauth.practice.token.grant_request import GrantRequest

__all__ = ["check_assertion"]

_LEEWAY_S = 300


def check_assertion(request: GrantRequest, text: str) -> None:
    """Raises 50027, 50048, 700024, 700027, 700211, 700212, 700213 or 700229."""
    read = split(text)
    if read is None:
        raise refuse(50027)
    if _is_federated(request, read):
        _check_federated(request, text, read.claims)
    else:
        _check_own(request, read)


def _is_federated(request: GrantRequest, read: SignedToken) -> bool:
    """True if another issuer made it: it names no certificate, or one that the app trusts."""
    if not {"x5t", "x5t#S256"} & set(read.header):
        return True
    return any(c.issuer == read.claims.get("iss") for c in request.app.federated)


def _check_own(request: GrantRequest, read: SignedToken) -> None:
    # fidelity: client-assertion
    known = _find(request, read.header)
    if known is None:
        raise refuse(700027, request.app.client_id)
    if not _signed_by(known.public, read):
        raise refuse(700027, request.app.client_id)
    claims = read.claims
    if claims.get("iss") != claims.get("sub"):
        raise refuse(50048)
    if str(claims.get("iss")).lower() != request.app.client_id:
        raise refuse(50027)
    if claims.get("aud") not in _audiences(request):
        raise refuse(50027)  # fidelity: assertion-audience
    _check_times(claims, request.call.now)


def _several(audience: object) -> list[object]:
    """RFC 7519 §4.1.3: one audience may stand alone. Kubernetes always sends a list."""
    return audience if isinstance(audience, list) else [audience]


def _check_times(claims: Mapping[str, object], now: float) -> None:
    if not now < seconds(claims, "exp") + _LEEWAY_S:
        raise refuse(700024)
    if "nbf" in claims and not seconds(claims, "nbf") - _LEEWAY_S <= now:
        raise refuse(700024)


def _find(request: GrantRequest, header: Mapping[str, object]) -> Known | None:
    """The certificate that the header names; padding does not matter, msal leaves it on."""
    sha256, sha1 = (str(header.get(name, "")).rstrip("=") for name in ("x5t#S256", "x5t"))
    for known in request.context.client_keys.known(request.app):
        if sha256 == known.sha256 or (not sha256 and sha1 == known.sha1):
            return known
    return None


def _signed_by(public: RSAPublicKey, read: SignedToken) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    padding: PSS | PKCS1v15
    if read.header.get("alg") == "PS256":
        padding = PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH)
    elif read.header.get("alg") == "RS256":
        padding = PKCS1v15()
    else:
        return False
    try:
        public.verify(read.signature, read.signed, padding, SHA256())
    except InvalidSignature:
        return False
    return True


def _audiences(request: GrantRequest) -> set[str]:
    """The token endpoint, by every name that this tenant has here."""
    home, base = request.home, request.call.base_url
    names = {home.id, home.domain, request.authority.segment, request.call.segments[0]}
    ends = ("oauth2/v2.0/token", "oauth2/token", "v2.0")
    return {f"{base}/{name}/{end}" for name in names for end in ends}


def _check_federated(request: GrantRequest, text: str, claims: Mapping[str, object]) -> None:
    """The tenant plays every foreign issuer itself: `PracticeTenant.federated_token`."""
    # fidelity: federated-issuer
    ours = f"{request.call.base_url}/{request.home.id}/v2.0"
    issuer, subject = str(claims.get("iss")), str(claims.get("sub"))
    trusted = [c for c in request.app.federated if c.issuer == issuer]
    if not trusted:
        raise refuse(700211, issuer)
    if believed(text, request.context.keys.key()) is None:
        raise refuse(50027)
    if issuer == ours and "scp" in claims:
        raise refuse(700229)
    trusted = [c for c in trusted if c.subject == subject]
    if not trusted:
        raise refuse(700213, subject)
    if not any(c.audience in _several(claims.get("aud")) for c in trusted):
        raise refuse(700212, str(claims.get("aud")))
    _check_times(claims, request.call.now)
