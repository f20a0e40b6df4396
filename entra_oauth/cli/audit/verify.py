"""audit verify: whether a recording is as it was written, and whose seal it has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.recording.seal import verify

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.audit_verbs import VerifyOptions

__all__ = ["run"]


def run(options: VerifyOptions, session: Session) -> int:
    """Check it. A changed file or a broken seal is a `SecurityError`: exit code 5."""
    console = session.console
    if not options.folder:
        raise UsageError(
            "audit verify needs a folder.", advice="Name one that --record has written."
        )
    signer = Path(options.signer).expanduser() if options.signer else None
    checked = verify(Path(options.folder), signer)
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/verify/1",
                "files": checked.files,
                "unchanged": True,
                "sealed": checked.sealed,
                "key": checked.key,
                "by_named_signer": checked.whose,
            }
        )
        return 0
    console.result(f"All {checked.files} files are as they were written.")
    if not checked.sealed:
        console.result("It is not sealed: whoever made it could have made it again.")
    elif checked.whose:
        console.result(f"Sealed with the key that was named: {checked.key}.")
    else:
        console.result(f"Sealed with {checked.key}. Whose key that is was not checked.")
        console.say("Name it to have that checked: --signer id_ed25519.pub")
    return 0
