"""Shared by the practice verbs: a tenant as the options ask, and the address of its control."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress

from entra_oauth.errors import EntraOAuthError, LocalError, UsageError
from entra_oauth.flows.named_file import read_file
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.practice import Directory, PracticeTenant, read_directory
from entra_oauth.practice.directory.defaults import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from entra_oauth.cli.verbs.learn_verbs import ControlOptions, TenantOptions

__all__ = ["announced", "control_address", "read_tenant"]


def read_tenant(options: TenantOptions, *, admin_consent: bool = False) -> PracticeTenant:
    """The tenant of `--directory`, else the usual one, and of `--fault`.

    With `admin_consent` an administrator has consented to everything, unless the file says
    itself who has. Raises `UsageError`, `LocalError`.
    """
    directory = _directory(options.directory, admin_consent=admin_consent)
    tenant = PracticeTenant(directory=directory)
    for fault in options.fault:
        tenant.faults.add(fault)
    return tenant


def _directory(file: str | None, *, admin_consent: bool) -> Directory:
    if file is None:
        return DEFAULT.with_admin_consent() if admin_consent else DEFAULT
    try:
        text = read_file(file, "directory file").decode("utf-8")
    except UnicodeDecodeError:
        raise LocalError(
            "The directory file cannot be read: it is not UTF-8.", advice="Check --directory."
        ) from None
    return read_directory(text, admin_consent=admin_consent)


@contextmanager
def announced(address: str) -> Iterator[None]:
    """Keep a control address where `practice fault` and `practice clock` look for it.

    0600, and gone afterwards unless a later tenant has put its own there. An earlier one that
    still runs is found again then. Where it cannot be kept, those verbs need `--control`.
    """
    earlier = _last_announced()
    is_announced = False
    with suppress(OSError):
        _announce(address)
        is_announced = True
    try:
        yield
    finally:
        with suppress(OSError):
            if is_announced and _last_announced() == address:
                if _runs(earlier):
                    _announce(earlier)
                else:
                    _path().unlink()


def _announce(address: str) -> None:
    import tempfile

    path = _path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # 0600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(address)
    os.replace(name, path)


def _runs(address: str) -> bool:
    from entra_oauth.practice.browser.control_client import command

    with suppress(EntraOAuthError):
        return bool(address) and bool(command(address, "GET", "/clock"))
    return False


def control_address(options: ControlOptions) -> str:
    """The control address that was given, or the one last announced. Raises `UsageError`."""
    if options.control:
        return options.control
    address = _last_announced()
    if not _runs(address):
        raise UsageError(
            "No practice tenant is running that could be told anything.",
            advice="Start one with entra-oauth practice serve.",
        )
    return address


def _last_announced() -> str:
    try:
        with open(_path(), encoding="ascii") as file:
            status = os.fstat(file.fileno())
            mine = os.name == "nt" or status.st_uid == os.getuid()
            return file.read(500) if mine and stat.S_ISREG(status.st_mode) else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _path() -> Path:
    from platformdirs import user_state_path

    return user_state_path("entra-oauth", appauthor=False) / "practice-control"
