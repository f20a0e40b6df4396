"""The ID token: its claims checked against the request
that asked for it (OpenID Connect Core §3.1.3.7)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import IdTokenRefused, UsageError, bare, plain
from entra_oauth.light import dataclass, field
from entra_oauth.protocol.authority import same_id

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.jwt import decode

__all__ = ["CLOCK_SKEW_S", "NOTHING_BESIDE", "Beside", "IdToken"]


CLOCK_SKEW_S = 300
"""Seconds by which two clocks may differ. Entra's own libraries allow the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The surroundings of an ID token, for its hashes and for its times."""

    access_token: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    authority_time: float | None = None
    """The authority's own clock, in seconds since 1970, if it said one."""


NOTHING_BESIDE = Beside()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdToken:
    """The person who signed in, from an ID token that passed `read`.

    `tenant_id` and `object_id` together name the account for good; the user name
    and the display name can change hands and are for display only.
    """

    tenant_id: str
    object_id: str | None
    subject: str
    username: str | None
    name: str | None
    expires_at: float
    """Seconds since 1970."""
    claims: dict[str, Any] = field(repr=False)

    @classmethod
    def read(
        cls,
        token: str,
        *,
        authority: Authority,
        client_id: str,
        nonce: str | None,
        now: float,
        beside: Beside = NOTHING_BESIDE,
    ) -> IdToken:
        """Check an ID token that came from the token endpoint over TLS.

        `now` is in seconds since 1970. Checked: shape, algorithm, issuer, tenant,
        audience, authorized party, nonce, hashes, times. Raises `IdTokenRefused`, which
        leaves no frame behind that holds the token.
        """
        try:
            return cls._read(token, authority, client_id, nonce, now, beside)
        except IdTokenRefused as error:
            refused = bare(error)
        del token, nonce
        raise refused

    @classmethod
    def _read(
        cls,
        token: str,
        authority: Authority,
        client_id: str,
        nonce: str | None,
        now: float,
        beside: Beside,
    ) -> IdToken:
        try:
            decoded = decode(token)
        except UsageError as error:
            raise _refused(error.what) from None
        claims = decoded.claims
        if decoded.header.get("alg") != "RS256":
            # RFC 8725 §3.1: the algorithm is ours to choose, not the token's.
            raise _refused("It is not signed with RS256.")
        if "crit" in decoded.header:
            # RFC 7515 §4.1.11: whoever does not understand it must refuse.
            raise _refused("Its header demands what is not understood here (crit).")
        tenant_id = _check_issuer(claims, authority)
        _check_audience(claims, client_id)
        _check_nonce(claims, nonce)
        _check_hash(claims, "at_hash", beside.access_token)
        _check_hash(claims, "c_hash", beside.code)
        expires_at = _check_times(claims, now, beside.authority_time)
        return cls(
            tenant_id=tenant_id,
            object_id=_text(claims, "oid"),
            subject=_check_subject(claims),
            username=_text(claims, "preferred_username"),
            name=_text(claims, "name"),
            expires_at=expires_at,
            claims=claims,
        )


def _refused(why: str, *, advice: str = "") -> IdTokenRefused:
    return IdTokenRefused(
        f"The ID token cannot be trusted. {why}",
        advice=advice or "Nothing was kept. Check the authority's address, then sign in again.",
    )


def _text(claims: dict[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return plain(value, limit=300) if isinstance(value, str) and value else None


def _check_issuer(claims: dict[str, Any], authority: Authority) -> str:
    tenant_id = claims.get("tid")
    if not isinstance(tenant_id, str) or not authority.accepts_tenant(tenant_id):
        raise _refused(
            "Its tenant (tid) is not the one that was asked.",
            advice="Nothing was kept. Sign in with an account of that tenant, or check --tenant.",
        )
    if claims.get("iss") != authority.issuer(tenant_id):
        raise _refused(f"Its issuer is not {authority.issuer(tenant_id)}.")
    return tenant_id


def _check_audience(claims: dict[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    if not any(same_id(each, client_id) for each in several):
        raise _refused("It was issued to another application (aud).")
    if (len(several) > 1 or "azp" in claims) and not same_id(claims.get("azp"), client_id):
        raise _refused("It was issued for the use of another application (azp).")


def _check_nonce(claims: dict[str, Any], nonce: str | None) -> None:
    if nonce is None:
        return
    found = claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(
        found.encode("utf-8", "surrogatepass"), nonce.encode("utf-8")
    ):
        raise _refused("Its nonce is not ours: it answers another sign-in.")


def _check_hash(claims: dict[str, Any], name: str, value: str | None) -> None:
    """OpenID Connect Core §3.1.3.8 and §3.3.2.11: the left half of SHA-256, as RS256 has it."""
    if name not in claims or value is None:
        return
    half = hashlib.sha256(value.encode("ascii", "replace")).digest()[:16]
    expected, found = urlsafe_b64encode(half).rstrip(b"="), claims[name]
    if not isinstance(found, str) or not hmac.compare_digest(
        found.encode("utf-8", "surrogatepass"), expected
    ):
        raise _refused(f"Its {name} belongs to another token or code than came with it.")


def _check_subject(claims: dict[str, Any]) -> str:
    subject = claims.get("sub")
    if not (isinstance(subject, str) and subject.isascii() and subject.isprintable()):
        raise _refused("It has no usable subject (sub).")
    if not 0 < len(subject) <= 255:
        raise _refused("It has no usable subject (sub).")
    return subject


def _check_times(claims: dict[str, Any], now: float, authority_time: float | None) -> float:
    expires_at, issued_at = _time(claims, "exp"), _time(claims, "iat")
    not_before = max(issued_at, _time(claims, "nbf") if "nbf" in claims else issued_at)
    why = ""
    if expires_at + CLOCK_SKEW_S <= now:
        why = f"By this machine's clock it expired {round(now - expires_at)} seconds ago."
    elif not_before - CLOCK_SKEW_S > now:
        early = round(not_before - now)
        why = f"By this machine's clock it is not valid before {early} seconds from now."
    if why:
        raise _refused(
            why + _clock_error(now, authority_time), advice="Check this machine's date and time."
        )
    return expires_at


def _clock_error(now: float, authority_time: float | None) -> str:
    if authority_time is None or abs(authority_time - now) <= CLOCK_SKEW_S:
        return ""
    wrong = round(now - authority_time)
    way = "ahead of" if wrong > 0 else "behind"
    return f" That clock is {abs(wrong)} seconds {way} the authority's, which is the cause."


def _time(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"Its time {name} is missing or not a number.")
    if not 0 <= value < 10**12:
        raise _refused(f"Its time {name} is not a time.")
    return float(value)
