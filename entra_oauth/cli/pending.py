"""Requests that `authorize-url` printed and `exchange` will redeem.

One file for each, named by a hash of its state, 0600 in a folder that is 0700
from the first byte, gone after one use or one hour. It holds the verifier; the
code that would make it worth something is not there.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from entra_oauth.channels.base import now
from entra_oauth.errors import LocalError
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.authorize import AuthorizationRequest, Hints, Procedure
from entra_oauth.protocol.pkce import Pkce

__all__ = ["LIFETIME_S", "forget", "keep", "waiting"]

LIFETIME_S = 3600
"""Seconds. A code lives ten minutes; the rest is for the person."""

_SCHEMA = "entra-oauth/pending/1"


def keep(request: AuthorizationRequest) -> None:
    """Remember a request until its answer is brought. Raises `LocalError`."""
    folder = _folder()
    for path in folder.glob("*.json"):
        if _age(path) > LIFETIME_S:
            path.unlink(missing_ok=True)
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
        # mkstemp creates with 0600; the rename makes it whole or absent.
        handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(record, file)
        os.replace(name, _path(folder, request.state))
    except OSError as error:
        raise _unusable(folder, error) from None


def waiting() -> list[AuthorizationRequest]:
    """The requests that are still waiting for their answer; unreadable files are skipped."""
    found = []
    for path in _folder().glob("*.json"):
        if _age(path) > LIFETIME_S:
            continue
        try:
            found.append(_request(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def forget(request: AuthorizationRequest) -> None:
    """Remove a request: its answer has come."""
    _path(_folder(), request.state).unlink(missing_ok=True)


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
    from platformdirs import user_state_path

    folder = user_state_path("entra-oauth", appauthor=False) / "pending"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            folder.chmod(0o700)
    except OSError as error:
        raise _unusable(folder, error) from None
    return folder


def _path(folder: Path, state: str) -> Path:
    return folder / f"{hashlib.sha256(state.encode('utf-8')).hexdigest()[:32]}.json"


def _age(path: Path) -> float:
    try:
        return now() - path.stat().st_mtime
    except OSError:
        return float("inf")


def _unusable(folder: Path, error: OSError) -> LocalError:
    return LocalError(
        f"{folder} cannot be used: {error.strerror}.",
        advice="Make it writable, or use entra-oauth mirror, which keeps nothing.",
    )
