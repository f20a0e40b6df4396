"""The part of audit verify that is about seals by sign-in: proven, consistent, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.cli.session.times import utc_time
from entra_oauth.errors import SecurityError, UsageError, plain
from entra_oauth.light import dataclass
from entra_oauth.protocol.authority import GUID, Authority, folded
from entra_oauth.recording.importing.given import read_file
from entra_oauth.recording.sign_in_seal.check_seal import (
    CheckedSeal,
    Wanted,
    check_seal,
    keys_in,
    merged,
)
from entra_oauth.recording.sign_in_seal.seal_file import seal_names, stamp_name
from entra_oauth.recording.sign_in_seal.time_stamp import check_stamp
from entra_oauth.recording.store import read_files

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console
    from entra_oauth.cli.verbs.audit_verbs import VerifyOptions
    from entra_oauth.protocol.endpoints.signing_keys import SigningKeys

__all__ = ["SealsChecked", "checked_seals"]

_MOST_KEYS_BYTES = 1024 * 1024
_NOT_PROVEN = (
    "that what is in the recording is true or complete; when it was recorded; that no better "
    "recording was thrown away, and no later seal; where it was sealed; that the person read it or "
    "agreed to it, for whoever starts a sign-in chooses what it seals."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealsChecked:
    """The seals by sign-in of one recording, all of them consistent."""

    seals: tuple[CheckedSeal, ...]
    stamps: dict[str, str | None]
    """The time that the stamp beside a seal gives, by the seal's name; None: not checked."""
    takes_practice: bool
    client_was_named: bool

    @property
    def exit_code(self) -> int:
        """9 where one of them is not proven."""
        return 0 if all(map(self.is_good, self.seals)) else 9

    def is_good(self, seal: CheckedSeal) -> bool:
        """True if it was proven by the verifier's own keys, at Entra or as was asked for."""
        return seal.proven and (not seal.practice or self.takes_practice)

    def tell(self, folder: Path, console: Console) -> None:
        """Say of each what is proven and what is not."""
        for seal in self.seals:
            self._tell(seal, console)
        if any(not seal.proven for seal in self.seals):
            keys = Authority(self.seals[-1].authority, "common").keys_endpoint
            console.say("Keys of your own make it a proof, if they are still published:")
            console.say(f"  curl -sS {keys} -o keys.json")
            taken = " --practice" if self.seals[-1].practice else ""
            console.say(f"  entra-oauth audit verify {plain(str(folder))} --keys keys.json{taken}")
        elif self.exit_code:
            console.say("To try it out, --practice takes a practice seal for good.")

    def _tell(self, seal: CheckedSeal, console: Console) -> None:
        if seal.practice:
            console.result_sentence(
                f"{seal.name} is a PRACTICE SEAL: its sign-in was not at Microsoft Entra ID. "
                "Nothing that follows proves anything to anybody."
            )
        if not seal.proven:
            console.result_sentence(
                f"{seal.name}: consistent, not proven: the keys came with the seal. "
                "Anybody can make such a seal with a key of his own."
            )
        says = "It says"
        if seal.proven:
            says = "Proven, if it was from the authority that you got the keys"
        console.result_sentence(f"{seal.name}: {says}: {_statement(seal)}")
        not_proven = _NOT_PROVEN
        if not self.client_was_named:
            not_proven += f" And that the app {seal.client_id} is one of yours: name it with "
            not_proven += "--for-client."
        console.result_sentence(f"Not proven: {not_proven}")
        if seal.name in self.stamps:
            at = self.stamps[seal.name]
            console.result_sentence(
                f"Time stamp: {at}, by the authority whose certificates you gave."
                if at
                else "A time stamp lies beside it and was not checked: give --stamp-ca FILE."
            )

    def as_json(self) -> list[dict[str, Any]]:
        """The same as JSON values."""
        return [
            {
                "file": seal.name,
                "practice": seal.practice,
                "proven": seal.proven,
                "sha256": seal.digest,
                "authority": seal.authority,
                "tenant_id": seal.tenant_id,
                "object_id": seal.object_id,
                "username": seal.username,
                "client_id": seal.client_id,
                "issued_at": seal.issued_at,
                "key": seal.key,
                "time_stamp": self.stamps.get(seal.name),
            }
            for seal in self.seals
        ]


def checked_seals(options: VerifyOptions, folder: Path) -> SealsChecked:
    """Check every seal by sign-in of a recording, whose files were checked before.

    Raises `SecurityError` for one that is refused or is missing though keys were given, and
    `UsageError` for keys that are none.
    """
    if options.for_tenant is not None and not GUID.fullmatch(folded(options.for_tenant)):
        raise UsageError(
            "The tenant is not a GUID, which is all that an ID token says.",
            advice="Copy the Directory (tenant) ID from the app's Overview page.",
        )
    keys = merged(_keys_of(Path(each)) for each in options.keys) if options.keys else None
    wanted = Wanted(
        keys=keys,
        client_id=options.for_client and folded(options.for_client),
        tenant=options.for_tenant and folded(options.for_tenant),
    )
    files = read_files(folder)
    names = seal_names(files)
    asked = wanted != Wanted() or options.practice
    if not names and (asked or options.stamp_ca):
        raise SecurityError(
            f"{plain(str(folder))} is not sealed by a sign-in.",
            advice="Ask whoever recorded it to run "
            f"entra-oauth audit seal {plain(folder.name)} --by-sign-in.",
        )
    seals = tuple(check_seal(name, files, wanted) for name in names)
    stamps: dict[str, str | None] = {}
    for name in names:
        stamp = files.get(stamp_name(name))
        if stamp is not None:
            stamps[name] = None
            if options.stamp_ca:
                stamps[name] = check_stamp(name, files[name], stamp, Path(options.stamp_ca))
    if options.stamp_ca and not stamps:
        raise SecurityError(
            f"No time stamp lies beside a seal of {plain(str(folder))}.",
            advice="Leave --stamp-ca out, or ask for the stamp: its name is that of the seal and "
            ".tsr.",
        )
    return SealsChecked(
        seals=seals,
        stamps=stamps,
        takes_practice=options.practice,
        client_was_named=options.for_client is not None,
    )


def _keys_of(path: Path) -> SigningKeys:
    data = read_file(path)
    try:
        if len(data) > _MOST_KEYS_BYTES:
            raise ValueError("it is larger than such a document")
        return keys_in(data)
    except ValueError as error:
        why = str(error)
    raise UsageError(
        f"{plain(str(path))} is no document of keys: {why}.",
        advice="Fetch it yourself: curl -sS "
        "https://login.microsoftonline.com/common/discovery/v2.0/keys -o keys.json",
    )


def _statement(seal: CheckedSeal) -> str:
    who = "the account " + (seal.username or "without a user name")
    ids = f"object {seal.object_id or 'unknown'} of tenant {seal.tenant_id}"
    return (
        f"{seal.authority} issued at {utc_time(seal.issued_at)}, give or take 5 minutes, an ID "
        f"token to {who} ({ids}) for the app {seal.client_id}, made for what has the SHA-256 "
        f"{seal.digest}. So this list of hashes was there by then, and that account signed in."
    )
