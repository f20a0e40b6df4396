"""audit seal, audit verify: a recording sealed by an SSH key or a sign-in; its seals checked."""

from __future__ import annotations

from pathlib import Path

from entra_oauth.cli.audit.verify_seals import checked_seals
from entra_oauth.cli.verbs.audit_verbs import SealOptions, VerifyOptions
from entra_oauth.errors import UsageError, plain
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.recording.seal import NAMESPACE, seal, verify

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session

__all__ = ["run"]


def run(options: SealOptions | VerifyOptions, session: Session) -> int:
    """Do what the second word says."""
    if isinstance(options, SealOptions):
        return _seal(options, session)
    return _verify(options, session.console)


def _seal(options: SealOptions, session: Session) -> int:
    """Seal the recording, and say with which key."""
    if not options.folder:
        raise UsageError("audit seal needs a folder.", advice="Name one that --record has written.")
    if options.by_sign_in:
        if options.key:
            raise UsageError(
                "--key and --by-sign-in are two seals.",
                advice="Make one after the other: the second is chained to the first.",
            )
        from entra_oauth.cli.audit.seal_by_sign_in import seal_by_sign_in

        return seal_by_sign_in(options, session)
    if not options.key:
        raise UsageError(
            "No key was named to seal with.",
            advice="Name an SSH key: --key ~/.ssh/id_ed25519, or give --by-sign-in",
        )
    console = session.console
    folder = Path(options.folder)
    fingerprint = seal(folder, Path(options.key).expanduser())
    if console.as_json:
        console.result_json(
            {"schema": "entra-oauth/seal/1", "key": fingerprint, "namespace": NAMESPACE}
        )
    else:
        console.result_sentence(f"Sealed {plain(str(folder))} with the key {fingerprint}.")
        console.say("Hand the public key over by another way than the recording.")
    return 0


def _verify(options: VerifyOptions, console: Console) -> int:
    """Check it. A changed file or a broken seal is a `SecurityError`: exit code 5."""
    if not options.folder:
        raise UsageError(
            "audit verify needs a folder.", advice="Name one that --record has written."
        )
    signer = Path(options.signer).expanduser() if options.signer else None
    folder = Path(options.folder)
    checked = verify(folder, signer)
    seals = checked_seals(options, folder)
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/verify/1",
                "files": checked.files,
                "unchanged": True,
                "sealed": checked.sealed,
                "key": checked.key,
                "by_named_signer": checked.whose,
                "sign_in_seals": seals.as_json(),
            }
        )
        return seals.exit_code
    console.result_sentence(f"All {checked.files} files are as they were written.")
    if seals.seals:
        seals.tell(folder, console)
    if not checked.sealed and not seals.seals:
        console.result_sentence("It is not sealed: whoever made it could have made it again.")
    elif checked.sealed and checked.whose:
        console.result_sentence(f"Sealed with the key that was named: {checked.key}.")
    elif checked.sealed:
        console.result_sentence(f"Sealed with {checked.key}. Whose key that is was not checked.")
        console.say("Name it to have that checked: --signer id_ed25519.pub")
    return seals.exit_code
