"""Requests that `authorize-url` printed and `exchange` will redeem.

One file for each, named by a hash of its state, 0600 in a folder that is 0700
from the first byte, gone after one use or one hour. It holds the verifier; the
code that would make it worth something is not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from entra_oauth.cache import paths, private_files
from entra_oauth.channels.base import now
from entra_oauth.errors import EntraOAuthError, LocalError, plain
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, Hints, Pkce, Procedure

__all__ = ["LIFETIME_S", "forget", "keep", "waiting"]

LIFETIME_S = 3600
"""Seconds. A code lives ten minutes; the rest is for the person."""

_SCHEMA = "entra-oauth/pending/1"
_SIZE_LIMIT = 64 * 1024


def keep(request: AuthorizationRequest) -> None:
    """Remember a request until its answer is brought. Raises `LocalError`."""
    folder = _folder()
    record = {
        "schema": _SCHEMA,
        "procedure": request.procedure.value,
        "base": request.authority.base,
        "tenant": request.authority.tenant,
        "client_id": request.client_id,
        "redirect_uri": request.redirect_uri,
        "response_mode": request.response_mode,
        "scopes": list(request.scopes),
        "state": request.state,
        "verifier": request.pkce.verifier if request.pkce else None,
        "nonce": request.nonce,
        "hints": dict(request.hints.fields),
    }
    try:
        _sweep(folder)
        # mkstemp creates with 0600; the rename makes it whole or absent.
        handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(record, file)
            os.replace(name, _path(folder, request.state))
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise _unusable(folder, error) from None


def waiting() -> list[AuthorizationRequest]:
    """The requests that still wait for their answer, the latest first.

    Files that cannot be read, or are not ours, are skipped. Raises `LocalError`.
    """
    folder = _folder()
    try:
        files = [(path.lstat(), path) for path in folder.glob("*.json")]
    except OSError as error:
        raise _unusable(folder, error) from None
    fresh = [(status.st_mtime, path) for status, path in files if _is_fresh(status)]
    found = (_load(path) for _, path in sorted(fresh, reverse=True))
    return [request for request in found if request is not None]


def forget(request: AuthorizationRequest) -> bool:
    """Remove a request, for its answer has come; whether it was there. Raises `LocalError`."""
    folder = _folder()
    try:
        _path(folder, request.state).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unusable(folder, error) from None
    return True


def _sweep(folder: Path) -> None:
    """Remove what is too old, and what a run left that was killed."""
    for path in folder.iterdir():
        if not _is_fresh(path.lstat()):
            path.unlink(missing_ok=True)


def _is_fresh(status: os.stat_result) -> bool:
    """True for an ordinary file of the last hour; a minute is for unequal clocks."""
    return stat.S_ISREG(status.st_mode) and -60 <= now() - status.st_mtime <= LIFETIME_S


def _load(path: Path) -> AuthorizationRequest | None:
    try:
        with path.open(encoding="utf-8") as file:
            return _request(json.loads(file.read(_SIZE_LIMIT)))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    except EntraOAuthError:  # a value that may not be sent
        return None


def _request(record: dict[str, Any]) -> AuthorizationRequest:
    if record["schema"] != _SCHEMA:
        raise ValueError("another version")
    verifier = record["verifier"]
    return AuthorizationRequest(
        procedure=Procedure(record["procedure"]),
        authority=Authority(record["base"], record["tenant"]),
        client_id=record["client_id"],
        redirect_uri=record["redirect_uri"],
        response_mode=record["response_mode"],
        scopes=tuple(record["scopes"]),
        state=record["state"],
        pkce=Pkce(verifier) if verifier else None,
        nonce=record["nonce"],
        hints=Hints(
            prompt=record["hints"].get("prompt"),
            login_hint=record["hints"].get("login_hint"),
            domain_hint=record["hints"].get("domain_hint"),
        ),
    )


def _folder() -> Path:
    folder = _place() / "pending"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            _refuse_strange(folder)
            folder.chmod(0o700)
    except OSError as error:
        raise _unusable(folder, error) from None
    return folder


def _place() -> Path:
    """The folder of the tokens where it is named: who keeps those apart keeps these apart too."""
    if named := paths.named_tokens_folder(os.environ):
        private_files.make_folder(named)
        return Path(named)
    from platformdirs import user_state_path

    return user_state_path("entra-oauth", appauthor=False)


def _refuse_strange(folder: Path) -> None:
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise LocalError(
            f"{plain(str(folder))} is not a folder of your own.",
            advice="Look who made it, and remove it.",
        )


def _path(folder: Path, state: str) -> Path:
    return folder / f"{hashlib.sha256(state.encode('utf-8')).hexdigest()[:32]}.json"


def _unusable(folder: Path, error: OSError) -> LocalError:
    return LocalError(
        f"{plain(str(folder))} cannot be used: {error.strerror}.",
        advice="Make it writable, or use entra-oauth mirror, which keeps nothing.",
    )
