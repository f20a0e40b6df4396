"""audit seal: sign a recording with an SSH key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError, plain
from entra_oauth.recording.seal import NAMESPACE, seal

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Seal the recording, and say with which key."""
    if not args.word:
        raise UsageError("audit seal needs a folder.", advice="Name one that --record has written.")
    if not args.key:
        raise UsageError(
            "No key was named to seal with.",
            advice="Name an SSH key: --key ~/.ssh/id_ed25519",
        )
    folder = Path(args.word)
    fingerprint = seal(folder, Path(args.key).expanduser())
    if args.json:
        console.result_json(
            {"schema": "entra-oauth/seal/1", "key": fingerprint, "namespace": NAMESPACE}
        )
    else:
        console.result(f"Sealed {plain(str(folder))} with the key {fingerprint}.")
        console.say("Hand the public key over by another way than the recording.")
    return 0
