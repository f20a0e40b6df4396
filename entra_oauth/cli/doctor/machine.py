"""The things that doctor looks at: this machine, the way to the authority, the token store.

Nothing is changed but a file in the token store that is gone at once, and nothing is
sent but one request for the authority's discovery document.
"""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from entra_oauth.channels.https.trust import BUNDLE_VARIABLES, key_log_file, tls_context
from entra_oauth.channels.listener.system_browser import has_local_browser
from entra_oauth.channels.loopback.ports import bind
from entra_oauth.errors import EntraOAuthError, LocalError, PortBusy, SecurityError, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["DoctorCheck", "State", "local_checks"]


class State(StrEnum):
    """The seriousness of a finding."""

    FINE = "ok"
    NOTE = "note"
    """It works, in another way than usual."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorCheck:
    """One thing that was looked at."""

    name: str
    state: State = State.FINE
    found: str
    """A sentence on what is there."""
    advice: str
    """A sentence on what to do, or what can be relied on."""
    exit_code: int = LocalError.exit_code
    """What the command ends with if it is a problem."""


def local_checks(
    environ: Mapping[str, str], ca_bundle: str | None, *, allow_keylog: bool = False
) -> Iterator[DoctorCheck]:
    """Everything that can be seen without sending anything, one after the other."""
    yield _python()
    yield _browser(environ)
    yield _loopback("127.0.0.1", "loopback IPv4")
    yield _loopback("::1", "loopback IPv6")
    yield _port_80()
    yield _certificates(environ, ca_bundle)
    yield _key_log(allow_keylog)
    yield _token_folder(environ)
    yield _keyring()


def _python() -> DoctorCheck:
    return DoctorCheck(
        name="python",
        found=f"Python {platform.python_version()} on {platform.system() or sys.platform}.",
        advice="3.11 and later are fine.",
    )


def _browser(environ: Mapping[str, str]) -> DoctorCheck:
    here, why = has_local_browser(environ, sys.platform)
    if here:
        advice = "login opens it; --no-browser prints the address instead."
        return DoctorCheck(name="browser", found=f"One can be expected: {why}.", advice=advice)
    return DoctorCheck(
        name="browser",
        state=State.NOTE,
        found=f"None is opened: {why}.",
        advice="login prints the address and takes the answer by paste, or use --flow device-code.",
    )


def _loopback(address: str, name: str) -> DoctorCheck:
    try:
        for listener in bind(0, address):
            listener.close()
    except EntraOAuthError as error:
        if ":" in address:
            return DoctorCheck(
                name=name,
                state=State.NOTE,
                found=f"{address} is not there. {error.what}",
                advice="127.0.0.1 alone will do.",
            )
        return DoctorCheck(
            name=name,
            state=State.PROBLEM,
            found=error.what,
            advice="Bring up the loopback interface, or use login --paste.",
        )
    return DoctorCheck(
        name=name, found=f"{address} can be listened on.", advice="login needs no more."
    )


def _port_80() -> DoctorCheck:
    try:
        for listener in bind(80, None):
            listener.close()
    except EntraOAuthError as error:
        why = "is in use" if isinstance(error, PortBusy) else "is kept for administrators"
        return DoctorCheck(
            name="port 80",
            state=State.NOTE,
            found=f"It {why} here; the article's http://localhost means this port.",
            advice="mirror asks you to paste the final address instead; login does not need it.",
        )
    return DoctorCheck(
        name="port 80",
        found="It can be listened on.",
        advice="mirror receives the redirect itself.",
    )


def _certificates(environ: Mapping[str, str], ca_bundle: str | None) -> DoctorCheck:
    variable = next((name for name in BUNDLE_VARIABLES if environ.get(name)), None)
    if ca_bundle:
        found = f"{plain(ca_bundle, limit=200)}, named by --ca-bundle or ENTRA_OAUTH_CA_BUNDLE."
    elif variable:
        found = f"{plain(environ[variable], limit=200)}, named by {variable}."
    else:
        found = "The operating system's; neither an option nor a variable names others."
    try:
        tls_context(ca_bundle)
    except LocalError as error:
        return DoctorCheck(
            name="certificates", state=State.PROBLEM, found=error.what, advice=error.advice
        )
    return DoctorCheck(
        name="certificates",
        found=found,
        advice="Where a company inspects TLS, its own authority must be among them.",
    )


def _key_log(allowed: bool) -> DoctorCheck:
    try:
        file = key_log_file(allowed=allowed)
    except SecurityError as error:
        return DoctorCheck(
            name="TLS keys", state=State.PROBLEM, found=error.what, advice=error.advice
        )
    if file is not None:
        return DoctorCheck(
            name="TLS keys",
            state=State.NOTE,
            found="SSLKEYLOGFILE is set and allowed: the keys of connections are written down.",
            advice="Keep that file as secret as a token, and unset the variable afterwards.",
        )
    return DoctorCheck(
        name="TLS keys",
        found="SSLKEYLOGFILE is not set.",
        advice="Nobody writes the keys of connections down.",
    )


def _token_folder(environ: Mapping[str, str]) -> DoctorCheck:
    from entra_oauth.cache.file_store import FileStore

    try:
        store = FileStore.standard(environ)
        there = os.path.isdir(store.folder)
        if there:
            store.check()
    except LocalError as error:
        return DoctorCheck(
            name="token store", state=State.PROBLEM, found=error.what, advice=error.advice
        )
    where = plain(store.folder, limit=200)
    return DoctorCheck(
        name="token store",
        found=f"{where} can be written to." if there else f"{where} is made when it is needed.",
        advice="Only you can read it; ENTRA_OAUTH_CACHE_DIR names another place.",
    )


def _keyring() -> DoctorCheck:
    from entra_oauth.cache.vault import Keyring

    try:
        Keyring.open().get("doctor")  # which is not there; a store that is none says so
    except LocalError as error:
        return DoctorCheck(
            name="keyring",
            state=State.NOTE,
            found=error.what,
            advice="Refresh tokens are kept in the token store's files, which only you can read.",
        )
    return DoctorCheck(
        name="keyring",
        found="The operating system's password store is there.",
        advice="Refresh tokens can be kept in it; it may ask you to unlock it.",
    )
