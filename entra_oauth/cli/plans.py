"""From options to what a sign-in asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.flows.authorization_code import SignIn
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.authorize import Hints, Procedure

if TYPE_CHECKING:
    import argparse

__all__ = ["EXAMPLE_CLIENT", "EXAMPLE_TENANT", "authority_of", "plan_of"]

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


def plan_of(args: argparse.Namespace, procedure: Procedure) -> SignIn:
    """What the options ask for. Raises `UsageError`."""
    if not args.client_id:
        raise UsageError(
            "No client id was given.",
            advice="Copy the Application (client) ID from the app's Overview page and give it "
            "with --client-id or AZURE_CLIENT_ID.",
        )
    state = getattr(args, "state", None)
    if state is not None and procedure is not Procedure.ARTICLE:
        raise UsageError(
            "A state was given for the hardened procedure.",
            advice="Leave --state out: a random one is made for each attempt.",
        )
    return SignIn(
        procedure=procedure,
        authority=authority_of(args),
        client_id=args.client_id,
        scopes=args.scope,
        state=state,
        hints=Hints(
            prompt=getattr(args, "prompt", None),
            login_hint=getattr(args, "login_hint", None),
            domain_hint=getattr(args, "domain_hint", None),
        ),
        timeout_s=float(getattr(args, "timeout", None) or 300),
        http_timeout_s=float(getattr(args, "http_timeout", None) or 30),
    )
