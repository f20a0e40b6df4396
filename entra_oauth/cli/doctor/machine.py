"""The things that doctor looks at: this machine, the way to the authority, the token store.

Nothing is changed but a file in the token store that is gone at once, and nothing is
sent but one request for the authority's discovery document.
"""

from __future__ import annotations

import os
import platform
import sys
from enum import StrEnum

from entra_oauth.channels.base import say_nothing
from entra_oauth.channels.https.back_channel import key_log_file
from entra_oauth.channels.https.trust import BUNDLE_VARIABLES, tls_context
from entra_oauth.channels.listener.system_browser import has_local_browser
from entra_oauth.channels.loopback.ports import bind
from entra_oauth.cli.doctor.app_proofs import proofs_at_hand
from entra_oauth.errors import EntraOAuthError, LocalError, PortBusy, SecurityError, plain
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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
    state: State
    found: str
    """A sentence on what is there."""
    advice: str
    """A sentence on what to do, or what can be relied on."""
    exit_code: int = LocalError.exit_code
    """What the command ends with if it is a problem."""

    @classmethod
    def fine(cls, name: str, found: str, advice: str) -> DoctorCheck:
        return cls(name=name, state=State.FINE, found=found, advice=advice)

    @classmethod
    def note(cls, name: str, found: str, advice: str) -> DoctorCheck:
        return cls(name=name, state=State.NOTE, found=found, advice=advice)

    @classmethod
    def problem(cls, name: str, error: EntraOAuthError) -> DoctorCheck:
        """A problem that was raised; the command ends as that error would have it."""
        return cls(
            name=name,
            state=State.PROBLEM,
            found=error.what,
            advice=error.advice,
            exit_code=error.exit_code,
        )


def local_checks(
    environ: Mapping[str, str],
    ca_bundle: str | None,
    *,
    allow_keylog: bool = False,
    say: Callable[[str], None] = say_nothing,
) -> Iterator[DoctorCheck]:
    """Everything that can be seen without sending anything, one after the other.

    `say` is told what has to be waited for.
    """
    yield _python()
    yield _browser(environ)
    yield _loopback("127.0.0.1", "loopback IPv4")
    yield _loopback("::1", "loopback IPv6")
    yield _port_80()
    yield _certificates(environ, ca_bundle)
    yield _key_log(allow_keylog)
    yield _token_folder(environ)
    yield _keyring(say)
    yield _proofs(environ)


def _proofs(environ: Mapping[str, str]) -> DoctorCheck:
    found = proofs_at_hand(environ)
    if not found:
        return DoctorCheck.fine(
            "app proofs",
            "No variable names a proof of an app.",
            "People need none; docs/fleet.md has the proofs of build jobs, pods and machines.",
        )
    return DoctorCheck.fine(
        "app proofs",
        f"An app could prove itself by {', '.join(found)}.",
        "Choose one with its option, beside --flow client-credentials.",
    )


def _python() -> DoctorCheck:
    system = platform.system() or sys.platform
    found = f"Python {platform.python_version()} on {system}."
    return DoctorCheck.fine("python", found, "3.11 and later are fine.")


def _browser(environ: Mapping[str, str]) -> DoctorCheck:
    here, why = has_local_browser(environ, sys.platform)
    if here:
        advice = "login opens it; --no-browser prints the address instead."
        return DoctorCheck.fine("browser", f"One can be expected: {why}.", advice)
    return DoctorCheck.note(
        "browser",
        f"None is opened: {why}.",
        "login prints the address and takes the answer by paste, or use --flow device-code.",
    )


def _loopback(address: str, name: str) -> DoctorCheck:
    try:
        for listener in bind(0, address):
            listener.close()
    except EntraOAuthError as error:
        if ":" in address:
            found = f"{address} is not there. {error.what}"
            return DoctorCheck.note(name, found, "127.0.0.1 alone will do.")
        advice = "Bring up the loopback interface, or use login --paste."
        return DoctorCheck.problem(name, LocalError(error.what, advice=advice))
    return DoctorCheck.fine(name, f"{address} can be listened on.", "login needs no more.")


def _port_80() -> DoctorCheck:
    try:
        for listener in bind(80, None):
            listener.close()
    except EntraOAuthError as error:
        why = "is in use" if isinstance(error, PortBusy) else "is kept for administrators"
        return DoctorCheck.note(
            "port 80",
            f"It {why} here; the article's http://localhost means this port.",
            "mirror asks you to paste the final address instead; login does not need it.",
        )
    return DoctorCheck.fine(
        "port 80", "It can be listened on.", "mirror receives the redirect itself."
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
        return DoctorCheck.problem("certificates", error)
    advice = "Where a company inspects TLS, its own authority must be among them."
    return DoctorCheck.fine("certificates", found, advice)


def _key_log(allowed: bool) -> DoctorCheck:
    try:
        file = key_log_file(allowed=allowed)
    except SecurityError as error:
        return DoctorCheck.problem("TLS keys", LocalError(error.what, advice=error.advice))
    if file is not None:
        return DoctorCheck.note(
            "TLS keys",
            "SSLKEYLOGFILE is set and allowed: the keys of connections are written down.",
            "Keep that file as secret as a token, and unset the variable afterwards.",
        )
    advice = "Nobody writes the keys of connections down."
    return DoctorCheck.fine("TLS keys", "SSLKEYLOGFILE is not set.", advice)


def _token_folder(environ: Mapping[str, str]) -> DoctorCheck:
    from entra_oauth.cache.file_store import FileStore

    try:
        store = FileStore.standard(environ)
        there = os.path.isdir(store.folder)
        if there:
            store.check()
    except LocalError as error:
        return DoctorCheck.problem("token store", error)
    where = plain(store.folder, limit=200)
    return DoctorCheck.fine(
        "token store",
        f"{where} can be written to." if there else f"{where} is made when it is needed.",
        "Only you can read it; ENTRA_OAUTH_CACHE_DIR names another place.",
    )


def _keyring(say: Callable[[str], None]) -> DoctorCheck:
    from entra_oauth.cache.vault import Keyring

    try:
        Keyring.open(say).get("doctor")  # which is not there; a store that is none says so
    except LocalError as error:
        advice = "Refresh tokens are kept in the token store's files, which only you can read."
        return DoctorCheck.note("keyring", error.what, advice)
    return DoctorCheck.fine(
        "keyring",
        "The operating system's password store is there.",
        "Refresh tokens can be kept in it; it may ask you to unlock it.",
    )
