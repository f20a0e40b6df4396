"""A seal by sign-in checked against the recording, and against keys that the verifier got himself.

Only Entra's common keys count. An app with claims mapping has a signing key of its tenant's own,
whose private half an administrator may hold; it is published under another address
(`discovery/keys?appid=…`), and as no other tenant's.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from entra_oauth.errors import IdTokenRefused, SecurityError, UsageError, plain
from entra_oauth.protocol.authority import GUID, Authority, same_id
from entra_oauth.protocol.endpoints.signing_keys import SigningKeys, check_signature
from entra_oauth.protocol.jwt import DecodedJwt, decode, read_object
from entra_oauth.recording.files import SUMS
from entra_oauth.recording.sign_in_seal.seal_file import (
    SignInSeal,
    read_seal,
    seal_name,
    seal_names,
)
from entra_oauth.recording.sign_in_seal.sealed_manifest import (
    SIGNED_LIST,
    digest_of,
    nonce_of,
    sealed_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ANYTHING", "CheckedSeal", "Wanted", "check_seal", "keys_in", "merged"]

PRACTICE_KEY = "practice-"
"""The beginning of the name of every practice tenant's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The verifier's own knowledge. What is None is not known."""

    keys: SigningKeys | None = field(default=None, repr=False)
    client_id: str | None = None
    tenant: str | None = None


ANYTHING = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSeal:
    """A seal that is consistent; with keys of the verifier's own it is proven."""

    name: str
    practice: bool
    proven: bool
    """False: the keys came with the seal, and so may be anybody's."""
    authority: str
    tenant_id: str
    object_id: str | None
    """The account's, the same for all apps of the tenant."""
    subject: str
    username: str | None
    """For display: it can change hands."""
    client_id: str
    issued_at: float
    """`iat`, in seconds since 1970."""
    digest: str
    """SHA-256 of what was sealed, in hex."""
    key: str
    """The name of the key that signed (`kid`)."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Refuses one seal, each time for one reason that has a name."""

    seal: str

    def of(self, reason: str, why: str) -> NoReturn:
        raise SecurityError(
            f"The seal {plain(self.seal)} is refused ({reason}): {why}",
            advice="Do not rely on it. Ask whoever sealed the recording for another copy, and "
            "compare the digest with them by another way.",
        )


def keys_in(data: bytes) -> SigningKeys:
    """The keys of a document, as Entra publishes it. Raises `ValueError`, which ends a sentence."""
    return SigningKeys.of(read_object(data), fetched_at=0.0)


def merged(several: Iterable[SigningKeys]) -> SigningKeys:
    """The keys of several documents; one that stands in each of them is one."""
    found: list[dict[str, Any]] = []
    for each in several:
        found += [key for key in each.keys if key not in found]
    return SigningKeys(keys=tuple(found), fetched_at=0.0)


def check_seal(name: str, files: Mapping[str, bytes], wanted: Wanted) -> CheckedSeal:
    """Check one seal of a recording whose files fit its list of hashes.

    Raises `SecurityError` that names the forgery or the damage, and `UsageError` for a seal of a
    later version.
    """
    refuse = _Refusal(name)
    seal = read_seal(name, files[name])
    _check_chain(name, seal, files, refuse)
    digest = _check_manifest(seal, files, refuse)
    try:
        token = decode(seal.id_token)
    except UsageError as error:
        refuse.of("changed token", error.what)
    authority = _check_host(seal, token, refuse)
    _check_nonce(seal, files, token, refuse)
    _check_people(seal, token, wanted, refuse)
    _check_keys(seal, token, authority, wanted, refuse)
    claims = token.claims
    return CheckedSeal(
        name=name,
        practice=seal.practice,
        proven=wanted.keys is not None,
        authority=seal.authority,
        tenant_id=str(claims["tid"]),
        object_id=_shown(claims.get("oid")),
        subject=_shown(claims.get("sub")) or "",
        username=_shown(claims.get("preferred_username")),
        client_id=seal.client_id,
        issued_at=_issued_at(claims, refuse),
        digest=digest,
        key=plain(str(token.header.get("kid")), limit=100),
    )


def _shown(value: object) -> str | None:
    return plain(value, limit=300) if isinstance(value, str) and value else None


def _check_chain(name: str, seal: SignInSeal, files: Mapping[str, bytes], refuse: _Refusal) -> None:
    for each in seal.before:
        if each.name not in files:
            refuse.of("cut chain", f"it was made after {plain(each.name)}, which is not here.")
        if hashlib.sha256(files[each.name]).hexdigest() != each.sha256:
            refuse.of(
                "cut chain", f"{plain(each.name)}, which it was made after, is another one now."
            )
    number = seal_names(files).index(name) + 1
    earlier = [each.name for each in seal.before if each.name != SIGNED_LIST]
    if name != seal_name(number) or earlier != [seal_name(at) for at in range(1, number)]:
        refuse.of("cut chain", "it does not follow the seals that lie before it.")


def _check_manifest(seal: SignInSeal, files: Mapping[str, bytes], refuse: _Refusal) -> str:
    digest = digest_of(sealed_manifest(files[SUMS], seal.before))
    if digest == seal.manifest_sha256:
        return digest
    try:
        recorded_at = read_object(files["recording.json"]).get("created_at")
    except ValueError:
        recorded_at = None
    if recorded_at == seal.recorded_at:
        refuse.of("changed manifest", f"the files or {SUMS} were changed after it was made.")
    refuse.of("another recording", "it was made for a recording of another time.")


def _check_nonce(
    seal: SignInSeal, files: Mapping[str, bytes], token: DecodedJwt, refuse: _Refusal
) -> None:
    made = nonce_of(sealed_manifest(files[SUMS], seal.before), bytes.fromhex(seal.salt))
    found = token.claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(
        found.encode("utf-8", "surrogatepass"), made.encode("ascii")
    ):
        refuse.of("other nonce", "its ID token answers a sign-in that was not for this recording.")


def _check_host(seal: SignInSeal, token: DecodedJwt, refuse: _Refusal) -> Authority:
    """The authority, asked for no one tenant: Entra's, or a practice tenant's."""
    try:
        authority = Authority(seal.authority, "common")
    except UsageError as error:
        refuse.of("other host", error.what)
    local = authority.is_on_this_machine
    if not (local or authority.is_entra):
        refuse.of("other host", f"{plain(authority.host, limit=100)} is none of Entra's hosts.")
    kid = token.header.get("kid")
    if local or (isinstance(kid, str) and kid.startswith(PRACTICE_KEY)):
        if not seal.practice:
            refuse.of(
                "practice passed off as Entra",
                "it was made at a practice tenant, and says that it was made at Entra.",
            )
    elif seal.practice:
        refuse.of("changed seal", "it says that it is for practice, and its ID token does not.")
    tenant_id = token.claims.get("tid")
    if not isinstance(tenant_id, str) or not GUID.fullmatch(tenant_id):
        refuse.of("other host", "its ID token names no tenant.")
    if token.claims.get("iss") != authority.issuer(tenant_id):
        refuse.of("other host", f"its ID token is not one of {authority.issuer(tenant_id)}.")
    return authority


def _check_people(seal: SignInSeal, token: DecodedJwt, wanted: Wanted, refuse: _Refusal) -> None:
    audience = token.claims.get("aud")
    if not same_id(audience, seal.client_id):
        refuse.of("other client", "its ID token was issued to another app than the seal says.")
    if wanted.client_id is not None and not same_id(audience, wanted.client_id):
        refuse.of("other client", "its ID token was issued to another app than the one you named.")
    if wanted.tenant is not None and not same_id(token.claims.get("tid"), wanted.tenant):
        refuse.of("other tenant", "whoever signed in is of another tenant than the one you named.")


def _check_keys(
    seal: SignInSeal, token: DecodedJwt, authority: Authority, wanted: Wanted, refuse: _Refusal
) -> None:
    keys = wanted.keys
    if keys is None:
        if seal.keys_url != authority.keys_endpoint:
            refuse.of("tenant's own signing key", "its keys are not the authority's common ones.")
        try:
            keys = keys_in(seal.keys.encode("utf-8", "surrogatepass"))
        except ValueError as error:
            refuse.of("changed seal", f"of its document of keys, {error}.")
    kid = token.header.get("kid")
    key = keys.named(kid) if isinstance(kid, str) else None
    if key is None:
        refuse.of(
            "own key packed with the seal" if wanted.keys else "changed seal",
            "the key that its ID token names is not among "
            f"{'those you gave' if wanted.keys else 'its keys'}. Entra takes keys away after some "
            "weeks: keys of the time of the sign-in are needed.",
        )
    if not _is_common(key, authority):
        refuse.of(
            "tenant's own signing key",
            "its ID token is signed with a key that is not for all tenants. Whoever administers "
            "that tenant may hold it.",
        )
    try:
        check_signature(seal.id_token, keys)
    except IdTokenRefused as error:
        refuse.of("changed claim", error.what)


def _is_common(key: dict[str, Any], authority: Authority) -> bool:
    """True for a key for all tenants, or for all personal accounts."""
    issuer = key.get("issuer")
    if issuer == authority.issuer("{tenantid}"):
        return True
    if not isinstance(issuer, str):
        return False
    tenant_id = issuer.removesuffix("/v2.0").rpartition("/")[2]
    personal = Authority(authority.base, "consumers").accepts_tenant(tenant_id)
    return personal and issuer == authority.issuer(tenant_id)


def _issued_at(claims: dict[str, Any], refuse: _Refusal) -> float:
    at = claims.get("iat")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < 10**12:
        refuse.of("changed token", "its ID token does not say when it was issued.")
    return float(at)
