"""A small program that other tools find under the name they look for."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from typing import TYPE_CHECKING

from entra_oauth.cli.get_tokens.token_store import app_of
from entra_oauth.errors import LocalError, UsageError, plain

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

__all__ = ["install"]

_MARK = "Written by entra-oauth credential"
_VERB = {"az": "az", "databricks": "databricks-cli"}


def install(tool: str, args: argparse.Namespace, console: Console) -> None:
    """Write it. Only a file that was written here before is replaced. Raises `LocalError`."""
    app_of(args, console)  # a program that could never answer is not written
    folder = os.path.abspath(os.path.expanduser(args.install))
    windows = os.name == "nt"
    path = os.path.join(folder, f"{tool}.cmd" if windows else tool)
    # -P: the folder in which the tool happens to be run must not lend us its modules.
    command = [sys.executable, "-P", "-m", "entra_oauth"]
    command += ["credential", _VERB[tool], *_chosen(args)]
    text = _for_windows(command) if windows else _for_posix(command)
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
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
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
    console.say(_USE[tool].format(folder=plain(folder), path=plain(path)))


_USE = {
    "az": 'Put its folder first on the path: export PATH="{folder}:$PATH"',
    "databricks": "Name it to the SDK: export DATABRICKS_CLI_PATH={path}",
}


def _chosen(args: argparse.Namespace) -> list[str]:
    """The options that say whose token it is; all of them, for there may be no profile."""
    if args.settings is not None:
        return ["--profile", args.settings.name]
    words = []
    for name in ("tenant", "client_id", "authority_host", "account", "workspace_url", "ca_bundle"):
        if value := getattr(args, name):
            words += [f"--{name.replace('_', '-')}", value]
    for scope in args.scope:
        words += ["--scope", scope]
    return words


def _for_posix(command: list[str]) -> str:
    return f'#!/bin/sh\n# {_MARK}\nexec {shlex.join(command)} -- "$@"\n'


def _for_windows(command: list[str]) -> str:
    words = " ".join(f'"{word}"' for word in command)
    return f"@echo off\r\nrem {_MARK}\r\n{words} -- %*\r\n"


def _is_ours(path: str) -> bool:
    try:
        with open(path, encoding="utf-8") as file:
            return _MARK in file.read(400)
    except (OSError, ValueError):
        return False
