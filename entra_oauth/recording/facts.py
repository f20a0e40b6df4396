"""Facts about a recording beside its messages: program, settings, machine, trust.

Of variables only the names are kept; of files only whether they are there. Machine and user are
named only where somebody wants them to be.
"""

from __future__ import annotations

import getpass
import platform
import ssl
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from entra_oauth._version import __version__
from entra_oauth.channels.https.trust import BUNDLE_VARIABLES
from entra_oauth.recording.cover.command_words import command_shown

__all__ = ["AUTHORITYS_SIDE", "DEFAULT", "facts_of"]

AUTHORITYS_SIDE = "the authority's side"
"""Where a recording of somebody else's client was made: it is the fact `seen_at`."""
DEFAULT = "the default"
"""The source of a setting that nobody set."""

_PACKAGES = ("requests", "urllib3", "truststore", "authlib", "joserfc", "cryptography")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_AZURE = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_AUTHORITY_HOST")


def facts_of(
    environ: Mapping[str, str],
    *,
    verb: str = "",
    ca_bundle: bool = False,
    allow_keylog: bool = False,
    settings: Sequence[Mapping[str, str]] = (),
    watched: Sequence[str] = (),
    names_people: bool = True,
    names_machine: bool = False,
    home: Path | None = None,
) -> dict[str, Any]:
    """JSON values. `ca_bundle`: certificates were named on the command line.

    `settings`: the options that have a value, as they may be written down. `watched`: the command
    line of another program whose requests were recorded, where they arrived. Then what this
    process trusts and obeys has no bearing on them. `names_machine`: machine and user are
    wanted; without `names_people` they are left out all the same.
    """
    about = _program(verb)
    if settings:
        about["settings"] = [dict(each) for each in settings]
    if names_machine and names_people:
        about["recorded_on"] = {"machine": platform.node(), "user": _user()}
    if watched:
        command = command_shown(watched, names_files=names_people)
        return {
            **about,
            "seen_at": AUTHORITYS_SIDE,
            "watched_program": command[0],
            "watched_command": list(command),
            "certificates": {"from": "the practice tenant", "system": False},
        }
    bundle = next((name for name in BUNDLE_VARIABLES if environ.get(name)), None)
    named = "the command line" if ca_bundle else bundle
    return {
        **about,
        "variables": sorted(_in_effect(environ, None if ca_bundle else bundle, allow_keylog)),
        "certificates": {
            "from": named or "the operating system",
            "system": named is None,
            "revocation": "not checked",
        },
        "tls_keys_written": bool(allow_keylog and environ.get("SSLKEYLOGFILE")),
        "netrc": "present, not used" if _has_netrc(environ, home) else "absent",
    }


def _program(verb: str) -> dict[str, Any]:
    return {
        "program": {"name": "entra-oauth", "version": __version__, "verb": verb},
        "packages": {name: _version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "openssl": ssl.OPENSSL_VERSION,
        "platform": platform.platform(),
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # the last one on Windows, without variables
        return "unknown"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _in_effect(environ: Mapping[str, str], bundle: str | None, keylog: bool) -> set[str]:
    """The names of the variables that this program obeyed, as they are spelled."""
    names = {name for name in environ if name.upper() in _PROXIES and environ[name]}
    names |= {name for name in environ if name.startswith("ENTRA_OAUTH_") and environ[name]}
    names |= {name for name in _AZURE if environ.get(name)}
    if bundle:
        names.add(bundle)
    if keylog and environ.get("SSLKEYLOGFILE"):
        names.add("SSLKEYLOGFILE")
    return names


def _has_netrc(environ: Mapping[str, str], home: Path | None) -> bool:
    if environ.get("NETRC"):
        return True
    try:
        folder = home or Path.home()
        return any((folder / name).exists() for name in (".netrc", "_netrc"))
    except (OSError, RuntimeError):
        return False
