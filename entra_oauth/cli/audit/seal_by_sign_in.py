"""audit seal --by-sign-in: one sign-in whose nonce was made from the recording."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.cli.session.times import utc_time
from entra_oauth.cli.sign_in.choose_receiver import back_channels, run_sign_in
from entra_oauth.cli.sign_in.plan import authority_of, client_id_of, plan_of
from entra_oauth.errors import SecurityError, plain
from entra_oauth.flows.authorization_code import Commitment
from entra_oauth.flows.id_token_signature import KeyStore
from entra_oauth.flows.patience import send_patiently
from entra_oauth.light import dataclass, field, replace
from entra_oauth.protocol.authority import Authority, check_app
from entra_oauth.protocol.endpoints.authorize import Hints, Procedure
from entra_oauth.protocol.endpoints.signing_keys import KeysRequest, SigningKeys
from entra_oauth.protocol.jwt import decode
from entra_oauth.recording.files import SUMS, evidence_from, pem
from entra_oauth.recording.sign_in_seal.check_seal import (
    ANYTHING,
    PRACTICE_KEY,
    CheckedSeal,
    check_seal,
)
from entra_oauth.recording.sign_in_seal.seal_file import (
    EarlierSeal,
    SignInSeal,
    stamp_name,
    written_seal,
)
from entra_oauth.recording.sign_in_seal.sealed_manifest import (
    digest_of,
    next_place,
    nonce_of,
    sealed_manifest,
)
from entra_oauth.recording.store import add_file, read_files
from entra_oauth.shell_words import quoted

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.audit_verbs import SealOptions
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["seal_by_sign_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sealed:
    """A recording, and what is to be sealed of it."""

    files: dict[str, bytes] = field(repr=False)
    recorded_at: float
    name: str
    """Of the seal that is to be made."""
    before: tuple[EarlierSeal, ...]

    @classmethod
    def of(cls, folder: Path) -> _Sealed:
        """Raises `UsageError`, `LocalError`, and `SecurityError` for what was changed."""
        files = read_files(folder)
        evidence = evidence_from(files)
        name, before = next_place(files)
        return cls(files=files, recorded_at=evidence.created_at, name=name, before=before)

    @property
    def manifest(self) -> bytes:
        return sealed_manifest(self.files[SUMS], self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeyDocument:
    """The authority's common keys, as they came."""

    url: str
    text: str = field(repr=False)
    keys: SigningKeys
    certificates: tuple[str, ...] = field(repr=False)


def seal_by_sign_in(options: SealOptions, session: Session) -> int:
    """Seal the recording. Raises what a sign-in raises; then nothing was written."""
    folder = Path(options.folder or "")
    authority, client_id = authority_of(options.app), client_id_of(options.app)
    check_app(authority, client_id)
    sealed = _Sealed.of(folder)
    digest = digest_of(sealed.manifest)
    _say_before(sealed, digest, folder, session.console)
    salt = secrets.token_bytes(32)
    document = _common_keys(authority, options, session)
    tokens = _signed_in(options, session, document, _commitment(sealed, digest, salt))
    token = tokens.id_token or ""
    if not document.keys.knows(token):  # they were changed just now
        document = _common_keys(authority, options, session)
    seal = SignInSeal(
        practice=authority.is_on_this_machine or _is_of_practice(token),
        authority=authority.base,
        client_id=client_id,
        recorded_at=sealed.recorded_at,
        manifest_sha256=digest,
        salt=salt.hex(),
        before=sealed.before,
        id_token=token,
        keys_url=document.url,
        keys=document.text,
        keys_fetched_at=document.keys.fetched_at,
        certificates=document.certificates,
        sealed_at=session.now(),
    )
    checked = _kept(folder, sealed, written_seal(seal))
    _say_after(checked, folder, authority, session.console)
    return 0


def _say_before(sealed: _Sealed, digest: str, folder: Path, console: Console) -> None:
    console.ask("What will be sealed has the SHA-256")
    console.ask(f"  {digest}")
    same = "" if sealed.before else f" sha256sum {quoted(plain(str(folder / SUMS)))} says the same."
    console.ask(f"The page at the end of the sign-in shows it too.{same}")
    console.ask(
        "The seal will hold the ID token of whoever signs in, as it comes: name, user name, the "
        "ids of account and tenant, and what else that tenant puts into it. Whoever is given the "
        f"folder is given that. It is a file of its own ({sealed.name}, 0600); no export holds it."
    )
    console.ask(
        "Whoever starts a sign-in chooses what it seals: sign in only where you started it."
    )


def _commitment(sealed: _Sealed, digest: str, salt: bytes) -> Commitment:
    return Commitment(
        nonce=nonce_of(sealed.manifest, salt),
        told=f"This sign-in seals a recording. The SHA-256 of what is sealed: {digest}. "
        "It has to be the one that your terminal shows.",
    )


def _common_keys(authority: Authority, options: SealOptions, session: Session) -> _KeyDocument:
    """Fetch the keys that are for all tenants. Without them there is no seal."""
    request = KeysRequest(Authority(authority.base, "common"))
    with back_channels(options.network, session) as channels:
        reply = send_patiently(
            request.to_http(), channels.back, channels, timeout_s=options.network.http_timeout
        )
        keys = SigningKeys.read(reply, answering=request, received_at=channels.now())
    certificates = reply.wire.certificates if reply.wire is not None else ()
    return _KeyDocument(
        url=request.authority.keys_endpoint,
        text=reply.body.decode("utf-8"),
        keys=keys,
        certificates=tuple(pem(der).decode("ascii") for der in certificates),
    )


def _signed_in(
    options: SealOptions, session: Session, document: _KeyDocument, commitment: Commitment
) -> TokenResponse:
    store = KeyStore()
    plan = plan_of(options.app, Procedure.HARDENED, page=options.page, network=options.network)
    store.put(plan.authority, document.keys)
    # NOTE: never `none`. A sign-in without a page would show nobody's will.
    hints = Hints(prompt="select_account")
    plan = replace(plan, hints=hints, keys=store, commitment=commitment)
    return run_sign_in(plan, options.page, options.network, session)


def _is_of_practice(token: str) -> bool:
    kid = decode(token).header.get("kid")
    return isinstance(kid, str) and kid.startswith(PRACTICE_KEY)


def _kept(folder: Path, sealed: _Sealed, data: bytes) -> CheckedSeal:
    """Write the seal, if it holds and the recording is what it was before the sign-in."""
    now = _Sealed.of(folder)
    if (now.name, now.manifest) != (sealed.name, sealed.manifest):
        raise SecurityError(
            f"{plain(str(folder))} was changed while you signed in; it was not sealed.",
            advice="See who writes there, then seal it again.",
        )
    checked = check_seal(sealed.name, {**now.files, sealed.name: data}, ANYTHING)
    add_file(folder, sealed.name, data)
    return checked


def _say_after(checked: CheckedSeal, folder: Path, authority: Authority, console: Console) -> None:
    shown, seal = quoted(plain(str(folder))), plain(str(folder / checked.name))
    keys = Authority(authority.base, "common").keys_endpoint
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/seal-by-sign-in/1",
                "file": checked.name,
                "sha256": checked.digest,
                "practice": checked.practice,
                "username": checked.username,
                "object_id": checked.object_id,
                "tenant_id": checked.tenant_id,
                "issued_at": checked.issued_at,
            }
        )
    else:
        who = checked.username or checked.object_id or checked.subject
        practice = "PRACTICE SEAL, which proves nothing. " if checked.practice else ""
        console.result_sentence(
            f"{practice}Sealed {plain(str(folder))} by the sign-in of {who} at "
            f"{utc_time(checked.issued_at)}: {checked.name}."
        )
    console.say(
        "Entra takes its keys away after some weeks. Have whoever is to check the seal fetch them "
        "now, and keep them:"
    )
    console.say(f"  curl -sS {keys} -o keys.json")
    taken = " --practice" if checked.practice else ""
    console.say(f"  entra-oauth audit verify {shown} --keys keys.json{taken}")
    console.say(
        "A time stamp of a third party (RFC 3161) beside it shows that the seal was there, and not "
        "only its ID token. To ask for one, with the address of an authority that you trust:"
    )
    console.say(f"  openssl ts -query -data {quoted(seal)} -sha256 -cert -out seal.tsq")
    console.say(
        "  curl -sS -H 'Content-Type: application/timestamp-query' --data-binary @seal.tsq "
        f"ADDRESS -o {quoted(stamp_name(seal))}"
    )
