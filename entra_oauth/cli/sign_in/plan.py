"""From options to what a sign-in asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.protocol.authority import Authority

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console
    from entra_oauth.flows.authorization_code import SignIn
    from entra_oauth.protocol.endpoints.authorize import Procedure

__all__ = [
    "EXAMPLE_CLIENT",
    "EXAMPLE_TENANT",
    "authority_of",
    "client_id_of",
    "plan_of",
    "use_workspace",
]

EXAMPLE_TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
EXAMPLE_CLIENT = "12a34b56-789c-0d12-e3fa-b456789c0123"
"""The article's own example values. They exist on the practice tenant only."""


def authority_of(args: argparse.Namespace) -> Authority:
    """The authority that the options name. Raises `UsageError` if they name none."""
    if not args.tenant:
        raise UsageError(
            "No tenant was given.",
            advice="Copy the Directory (tenant) ID from the app's Overview page and give it "
            "with --tenant or AZURE_TENANT_ID. No app yet? Try entra-oauth demo.",
        )
    if args.authority_host:
        return Authority(args.authority_host, args.tenant)
    return Authority.of(args.tenant, cloud=args.cloud)


def client_id_of(args: argparse.Namespace) -> str:
    """The client id. Raises `UsageError` if there is none."""
    if not args.client_id:
        raise UsageError(
            "No client id was given.",
            advice="Copy the Application (client) ID from the app's Overview page and give it "
            "with --client-id or AZURE_CLIENT_ID.",
        )
    client_id: str = args.client_id
    return client_id


def use_workspace(args: argparse.Namespace, console: Console) -> None:
    """Where `--workspace-url` is given, ask the workspace for tenant and cloud.

    A tenant that was given is not asked for. Raises what asking raises.
    """
    if not args.workspace_url:
        return
    for name in ("tenant", "cloud", "authority_host"):
        if name in args.given and "workspace_url" in args.given:
            raise UsageError(
                f"--workspace-url and --{name.replace('_', '-')} exclude each other.",
                advice="Give one of them: the workspace names its tenant and its cloud.",
            )
    if args.tenant and "workspace_url" not in args.given:
        return
    from entra_oauth.cli.sign_in.choose_receiver import back_channels
    from entra_oauth.flows.find_authority import find_authority
    from entra_oauth.protocol.resource.workspace import Workspace

    workspace = Workspace(args.workspace_url)
    with back_channels(args, console) as channels:
        authority = find_authority(workspace, channels, timeout_s=float(args.http_timeout))
    args.tenant, args.authority_host = authority.tenant, authority.base
    console.say(f"{workspace.host} belongs to the tenant {authority}.")


def plan_of(args: argparse.Namespace, procedure: Procedure) -> SignIn:
    """What the options ask for. Raises `UsageError`."""
    # Here, because a token that is at hand needs neither.
    from entra_oauth.flows.authorization_code import SignIn
    from entra_oauth.protocol.endpoints.authorize import Hints, Procedure

    client_id = client_id_of(args)
    state = getattr(args, "state", None)
    if state is not None and procedure is not Procedure.ARTICLE:
        raise UsageError(
            "A state was given for the hardened procedure.",
            advice="Leave --state out: a random one is made for each attempt.",
        )
    return SignIn(
        procedure=procedure,
        authority=authority_of(args),
        client_id=client_id,
        scopes=args.scope,
        state=state,
        hints=Hints(
            prompt=getattr(args, "prompt", None),
            login_hint=getattr(args, "login_hint", None),
            domain_hint=getattr(args, "domain_hint", None),
            claims=getattr(args, "claims", None),
            correlation_id=getattr(args, "correlation_id", None),
        ),
        timeout_s=float(getattr(args, "timeout", None) or 300),
        http_timeout_s=float(getattr(args, "http_timeout", None) or 30),
    )
