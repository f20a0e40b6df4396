"""serve metadata: tokens for the Databricks SDKs, until Ctrl-C."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from entra_oauth.adapters.metadata import MetadataService
from entra_oauth.cli.get_tokens import token_store
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.errors import DestinationRefused
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.resource.workspace import Workspace

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Serve. Raises `SignInRequired` at once where there is nothing to serve."""
    source = token_store.source_for(args, console)
    token_store.find(args, source)
    args.force_refresh = False  # once was asked for, not each time
    with MetadataService(
        lambda: token_store.find(args, source),
        lambda url: _check(url, args),
        port=args.port or 0,
        say=console.say,
    ) as service:
        console.say("Tokens are served to this machine. Stop: Ctrl-C. Give the SDK this address:")
        console.say("  export DATABRICKS_METADATA_SERVICE_URL=…")
        console.result(service.url)
        forever = threading.Event()
        while not forever.wait(0.25):  # in slices: Windows sees Ctrl-C between them
            pass
    return 0


def _check(url: str, args: argparse.Namespace) -> None:
    """Only the profile's own workspace, or if it names none, hosts that the token is for."""
    check_destination(
        url,
        scopes=args.scope,
        authority=authority_of(args),
        named_hosts=args.settings.texts("hosts") if args.settings else (),
    )
    if args.workspace_url and Workspace(args.workspace_url).url != Workspace(url).url:
        raise DestinationRefused(
            "A token for another workspace than the chosen one was asked for.",
            advice="Start another service for that workspace, with --workspace-url.",
        )
