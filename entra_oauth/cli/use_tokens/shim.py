"""A small program that other tools find under the name they look for."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from zipimport import zipimporter

from entra_oauth.cache.account import App
from entra_oauth.cli.get_tokens.exchanged_tokens import check_exchange, target_of
from entra_oauth.cli.sign_in.plan import authority_of, check_asked, client_id_of
from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cli.get_tokens.token_query import TokenQuery
    from entra_oauth.cli.session.console import Console

__all__ = ["install"]

_MARK = "Written by entra-oauth credential"
_VERB = {"az": "az", "databricks": "databricks-cli"}


def install(tool: str, folder: str, query: TokenQuery, console: Console) -> None:
    """Write it into a folder, for an app that is settled.

    Only a file that was written here before is replaced. Raises `LocalError`.
    """
    # A program that could never answer is not written.
    check_exchange(query)
    target_of(query.exchange, query.app.workspace_url)
    if not query.exchange.is_federated:
        App.of(authority_of(query.app), client_id_of(query.app))
        check_asked(query.app)
    folder = os.path.abspath(os.path.expanduser(folder))
    windows = os.name == "nt"
    path = os.path.join(folder, f"{tool}.cmd" if windows else tool)
    command = [*_ourselves(), "credential", _VERB[tool], *_chosen(query)]
    text = _for_windows(command, path) if windows else _for_posix(command).encode("utf-8")
    try:
        os.makedirs(folder, exist_ok=True)
        if os.path.lexists(path) and not _is_ours(path):
            raise UsageError(
                f"{plain(path)} is there already, and was not written here.",
                advice="Choose another folder.",
            )
        # A name of its own: a link that somebody has put there is not written through.
        handle, part = tempfile.mkstemp(prefix=f".{tool}.", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            os.chmod(part, 0o755)  # noqa: S103 - a program, and nothing in it is secret
            os.replace(part, path)
        except OSError:
            os.unlink(part)
            raise
    except OSError as error:
        raise LocalError(
            f"{plain(path)} cannot be written: {error.strerror}.",
            advice="Choose a folder of your own.",
        ) from None
    console.result(path)
    console.say(_use(tool, plain(folder), plain(path), windows=windows))


def _ourselves() -> list[str]:
    """The command that runs this program again: the package, or the single file of the core."""
    # -P: the folder in which the tool happens to be run must not lend us its modules.
    python = [sys.executable, "-P"]
    loader = __spec__.loader
    if isinstance(loader, zipimporter):
        return [*python, os.path.abspath(loader.archive)]
    return [*python, "-m", "entra_oauth"]


def _use(tool: str, folder: str, path: str, *, windows: bool) -> str:
    """The line that lets the tool be found, for the shell of the system."""
    if tool == "az":
        line = f'$env:PATH = "{folder};$env:PATH"' if windows else f'export PATH="{folder}:$PATH"'
        return f"Put its folder first on the path: {line}"
    name = "DATABRICKS_CLI_PATH"
    line = f'$env:{name} = "{path}"' if windows else f"export {name}={shlex.quote(path)}"
    return f"Name it to the SDK: {line}"


def _chosen(query: TokenQuery) -> list[str]:
    """The options that say whose token it is; all of them, for there may be no profile."""
    app, credential, exchange = query.app, query.credential, query.exchange
    named = credential.origins.given
    words: list[str] = ["--flow", credential.flow] if "flow" in named else []
    for name, path in (
        ("certificate", credential.certificate),
        ("federated_token_file", credential.federated_token_file),
    ):
        if path and name in named:
            words += [f"--{name.replace('_', '-')}", os.path.abspath(path)]
    for name, value in (
        ("federated_token_source", credential.federated_token_source),
        ("federated_token_env", credential.federated_token_env),
        ("federated_token_command", credential.federated_token_command),
        ("service_connection_id", credential.service_connection_id),
        ("managed_identity_source", credential.managed_identity_source),
        ("managed_identity_id", credential.managed_identity_id),
    ):
        if value and name in named:
            words += [f"--{name.replace('_', '-')}", value]
    for name, value in (
        ("exchange", exchange.exchange),
        ("subject_token", exchange.subject_token if exchange.is_federated else None),
        ("exchange_client_id", exchange.exchange_client_id),
        ("exchange_account", exchange.exchange_account),
        ("exchange_audience", exchange.exchange_audience),
    ):
        if value and exchange.exchange and (name in named or app.profile_name is None):
            words += [f"--{name.replace('_', '-')}", value]
    if app.profile_name is not None:
        return ["--profile", app.profile_name, *words]
    is_identity = credential.is_identity
    values = (
        ("--tenant", None if is_identity else app.tenant),
        ("--client-id", None if is_identity else app.client_id),
        ("--authority-host", app.authority_host),
        ("--account", app.account),
        ("--workspace-url", app.workspace_url),
        ("--ca-bundle", query.network.ca_bundle),
    )
    for flag, value in values:
        if value:
            words += [flag, value]
    for scope in app.scope:
        words += ["--scope", scope]
    return words


def _for_posix(command: list[str]) -> str:
    return f'#!/bin/sh\n# {_MARK}\nexec {shlex.join(command)} -- "$@"\n'


def _for_windows(command: list[str], path: str, encoding: str | None = None) -> bytes:
    """The program for cmd.exe, which reads it in the console's code page, and `%` as its own.

    Raises `LocalError` for a character that the code page lacks.
    """
    encoding = encoding or _console_encoding()
    words = " ".join(f'"{word}"' for word in command).replace("%", "%%")
    text = f"@echo off\r\nrem {_MARK}\r\n{words} -- %*\r\n"
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        missing = plain(error.object[error.start : error.end])
        raise LocalError(
            f"{plain(path)} cannot be written: the code page {encoding} lacks {missing}.",
            advice="Run chcp 65001 first, or keep Python and the files in folders without it.",
        ) from None


def _console_encoding() -> str:
    """The name of the console's code page; that of consoles in general where there is none."""
    if sys.platform == "win32":
        import ctypes

        number = ctypes.windll.kernel32.GetConsoleOutputCP()
        return f"cp{number}" if number else "oem"
    return "utf-8"


def _is_ours(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _MARK.encode() in file.read(400)
    except OSError:
        return False
