"""audit seal: sign a recording with an SSH key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError, plain
from entra_oauth.recording.seal import NAMESPACE, seal

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.audit_verbs import SealOptions

__all__ = ["run"]


def run(options: SealOptions, session: Session) -> int:
    """Seal the recording, and say with which key."""
    console = session.console
    if not options.folder:
        raise UsageError("audit seal needs a folder.", advice="Name one that --record has written.")
    if not options.key:
        raise UsageError(
            "No key was named to seal with.", advice="Name an SSH key: --key ~/.ssh/id_ed25519"
        )
    folder = Path(options.folder)
    fingerprint = seal(folder, Path(options.key).expanduser())
    if console.as_json:
        console.result_json(
            {"schema": "entra-oauth/seal/1", "key": fingerprint, "namespace": NAMESPACE}
        )
    else:
        console.result(f"Sealed {plain(str(folder))} with the key {fingerprint}.")
        console.say("Hand the public key over by another way than the recording.")
    return 0
