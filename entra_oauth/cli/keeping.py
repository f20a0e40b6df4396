"""Keeping what a sign-in brought; where, is found out before the browser opens.

What is needed afterwards only is imported then.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from entra_oauth.cache import files
from entra_oauth.cache.vault import Keyring, can_be_expected
from entra_oauth.errors import LocalError, plain

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cache.kept import Account
    from entra_oauth.cache.vault import Vault
    from entra_oauth.cli.console import Console
    from entra_oauth.cli.output import Asked
    from entra_oauth.protocol.token import TokenResponse

__all__ = ["Keeper"]

_NOWHERE = "Nothing was kept on this machine."


class Keeper:
    """Where a sign-in will be kept: a folder, and a vault for the refresh token, or nowhere."""

    def __init__(self, folder: str | None, vault: Vault | None = None) -> None:
        self._folder = folder
        self._vault = vault

    @classmethod
    def ready(cls, args: argparse.Namespace, console: Console) -> Keeper:
        """As `--cache` says. Raises `LocalError` if what was asked for cannot be had."""
        if args.cache in ("none", "memory"):  # a command's memory ends with it
            return cls(None)
        vault = _vault(args)
        try:
            folder = files.standard_folder(os.environ)
            files.check_folder(folder)
        except LocalError as error:
            if args.cache is not None:
                raise
            console.ask(f"Note: the tokens of this sign-in will not be kept. {error.what}")
            return cls(None)
        return cls(folder, vault)

    def keep(
        self, tokens: TokenResponse, asked: Asked, args: argparse.Namespace, console: Console
    ) -> tuple[Account | None, str]:
        """Keep it; whose it is, and a sentence for the person. A full disk loses no token."""
        if self._folder is None:
            return None, _NOWHERE
        from entra_oauth.cache.kept import App
        from entra_oauth.cache.source import keep_sign_in
        from entra_oauth.cache.store import FileStore

        store = FileStore(self._folder, vault=self._vault, say=console.say)
        app = App.of(asked.authority, asked.client_id)
        try:
            account = keep_sign_in(store, app, tokens, args.scope, otherwise=asked.client_id)
        except LocalError as error:
            console.ask(f"Note: the tokens could not be kept. {error.what}")
            return None, _NOWHERE
        if tokens.refresh_token is None:
            return account, "It was kept; no refresh token came, so it cannot be renewed."
        where = f"{plain(self._folder)}, which only you can read"
        return account, f"Kept in {'the password store of the system' if self._vault else where}."


def _vault(args: argparse.Namespace) -> Vault | None:
    if args.cache == "file":
        return None
    if args.cache is None and not can_be_expected(os.environ, sys.platform):
        return None
    try:
        return Keyring.working()
    except LocalError:
        if args.cache == "keyring":
            raise
        return None
