"""The authority's keys, and the signature of an ID token (RFC 7515, OpenID Connect Core §3.1.3.7).

The key is found by the token's `kid`, exactly, among the keys that the authority
publishes; keys that a token brings along itself (`jwk`, `jku`, `x5u`, `x5c`) are not
looked at (RFC 8725 §3.10). The algorithm is RS256, whatever the token says.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import IdTokenRefused, UsageError, bare
from entra_oauth.light import dataclass, field
from entra_oauth.protocol.endpoints.json_response import JsonAnswer, RequestFacts
from entra_oauth.protocol.jwt import decode
from entra_oauth.protocol.messages import USER_AGENT, HttpRequest

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.jwt import DecodedJwt
    from entra_oauth.protocol.messages import HttpResponse

__all__ = [
    "KEYS_LIFE_S",
    "REFETCH_S",
    "KeysRequest",
    "SigningKeys",
    "check_signature",
    "make_ready",
]

KEYS_LIFE_S = 24 * 3600
"""Seconds that keys are used again; Entra's page says to read them again every 24 hours."""

REFETCH_S = 60
"""Seconds that must lie between two looks for an unknown key."""

_MOST_KEYS = 100
_LEAST_BITS = 2048
"""RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used"."""


@dataclass(frozen=True, slots=True)
class KeysRequest:
    """The request for an authority's keys."""

    authority: Authority

    @property
    def facts(self) -> RequestFacts:
        """The facts that the answer is read against."""
        return RequestFacts(authority=self.authority, stage="keys")

    def to_http(self) -> HttpRequest:
        """The message."""
        return HttpRequest(
            method="GET",
            url=self.authority.keys_endpoint,
            headers=(("User-Agent", USER_AGENT), ("Accept", "application/json")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeys:
    """Keys that the authority publishes, as JSON Web Keys."""

    keys: tuple[dict[str, Any], ...] = field(repr=False)
    fetched_at: float
    """Seconds since 1970."""

    @classmethod
    def read(
        cls, reply: HttpResponse, *, answering: KeysRequest, received_at: float
    ) -> SigningKeys:
        """Read an answer. Raises `AuthorityError` and `UnexpectedAnswer`."""
        answer = JsonAnswer.read(reply, answering.facts, received_at=received_at)
        try:
            return cls.of(answer.members, fetched_at=received_at)
        except ValueError as error:
            unusable = answer.unexpected(str(error))
        raise unusable

    @classmethod
    def of(cls, document: dict[str, Any], *, fetched_at: float) -> SigningKeys:
        """The keys of a document (RFC 7517 §5).

        Raises `ValueError`, whose text ends a sentence, where it holds none that is of use.
        """
        keys = document.get("keys")
        if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
            raise ValueError("it has no list of keys")
        usable = tuple(key for key in keys if isinstance(key, dict) and _is_for_signatures(key))
        if not usable:
            raise ValueError("none of its keys can check a signature")
        return cls(keys=usable, fetched_at=fetched_at)

    def named(self, kid: object) -> dict[str, Any] | None:
        """The one key of that exact name; None if there is none, or two."""
        found = [key for key in self.keys if key.get("kid") == kid]
        return found[0] if len(found) == 1 else None

    def knows(self, token: str) -> bool:
        """True where the key that a token names is among them."""
        return self.named(_decoded(token).header.get("kid")) is not None


def make_ready(keys: SigningKeys) -> None:
    """Import what a check needs and check what is not signed: a first time is a slow one."""
    _is_signed(b"", bytes(_LEAST_BITS // 8), keys.keys[0])


def check_signature(token: str, keys: SigningKeys) -> None:
    """Raise `IdTokenRefused` unless one of `keys` signed the token with RS256."""
    try:
        _check_signature(token, keys)
        return
    except IdTokenRefused as error:
        refused = bare(error)
    del token
    raise refused


def _check_signature(token: str, keys: SigningKeys) -> None:
    decoded = _decoded(token)
    header, kid = decoded.header, decoded.header.get("kid")
    if header.get("alg") != "RS256" or "crit" in header or not isinstance(kid, str):
        raise _refused("It is not signed in the way that was agreed: RS256, with a named key.")
    key = keys.named(kid)
    if key is None:
        raise _refused("It names a key that the authority does not publish.")
    if _bits(key["n"]) < _LEAST_BITS:
        raise _refused(f"It is signed with an RSA key of fewer than {_LEAST_BITS} bits.")
    _check_issuer_of_key(key, decoded.claims)
    if not _is_well_formed(header) or not _verifies(token, key):
        raise _refused("Its signature is wrong: it was changed, or the authority did not make it.")


def _decoded(token: str) -> DecodedJwt:
    try:
        return decode(token)
    except UsageError as error:
        raise _refused(error.what) from None


def _is_for_signatures(key: dict[str, Any]) -> bool:
    return (
        key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", "RS256") == "RS256"
        and all(isinstance(key.get(name), str) for name in ("kid", "n", "e"))
    )


def _bits(number: str) -> int:
    """The length of a number in base64url; 0 for what is none."""
    try:
        return _number(number).bit_length()
    except ValueError:
        return 0


def _check_issuer_of_key(key: dict[str, Any], claims: dict[str, Any]) -> None:
    """Entra says which issuer a key is for, as a template where that is several."""
    issuer, tenant_id = key.get("issuer"), claims.get("tid")
    if not isinstance(issuer, str):
        return
    if issuer.replace("{tenantid}", str(tenant_id)) != claims.get("iss"):
        raise _refused("It is signed with a key that the authority keeps for another issuer.")


def _verifies(token: str, key: dict[str, Any]) -> bool:
    """The signature is over the first two parts, as they stand (RFC 7515 §5.2)."""
    if token.strip() != token:
        return False
    signed, _, signature = token.rpartition(".")
    try:
        return _is_signed(signed.encode("ascii"), _octets(signature), key)
    except ValueError:
        return False


def _is_signed(signed: bytes, signature: bytes, key: dict[str, Any]) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3)."""
    # Not through joserfc: it brings what every other algorithm needs, 3 MB of it.
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        # NOTE: the number and the exponent only. What else a key says of itself (`x5c`,
        # `key_ops`) is not asked for.
        numbers = RSAPublicNumbers(n=_number(key["n"]), e=_number(key["e"]))
        numbers.public_key().verify(signature, signed, PKCS1v15(), SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _is_well_formed(header: dict[str, Any]) -> bool:
    """False for a registered parameter of the wrong kind, though it is not used (RFC 7515 §4.1)."""
    kinds = dict.fromkeys(("typ", "cty", "x5t", "x5t#S256", "jku", "x5u"), str)
    known = kinds | {"jwk": dict, "x5c": list}
    if not all(isinstance(header.get(name, kind()), kind) for name, kind in known.items()):
        return False
    addresses = (header[name] for name in ("jku", "x5u") if name in header)
    return (
        all(address.startswith(("https://", "http://")) for address in addresses)
        and all(isinstance(each, str) for each in header.get("x5c", []))
        and header.get("b64", True) is True  # RFC 7797 §6: false is for those who know of it
    )


def _number(text: str) -> int:
    return int.from_bytes(_octets(text))


def _octets(text: str) -> bytes:
    """The octets of base64url. Raises `ValueError`."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _refused(why: str) -> IdTokenRefused:
    return IdTokenRefused(
        f"The ID token cannot be trusted. {why}",
        advice="Nothing was kept. Check the authority's address and any proxy in between, "
        "then sign in again.",
    )
