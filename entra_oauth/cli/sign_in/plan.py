"""From options to what a sign-in asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.protocol.authority import Authority

if TYPE_CHECKING:
    from entra_oauth.cli.options.app_options import AppOptions, RequestOptions, SignInPageOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.flows.authorization_code import SignIn
    from entra_oauth.protocol.endpoints.authorize import Procedure

__all__ = [
    "EXAMPLE_CLIENT",
    "EXAMPLE_TENANT",
    "authority_of",
    "check_asked",
    "check_workspace",
    "client_id_of",
    "plan_of",
    "use_workspace",
]

EXAMPLE_TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
EXAMPLE_CLIENT = "12a34b56-789c-0d12-e3fa-b456789c0123"
"""The article's own example values. They exist on the practice tenant only."""


def authority_of(app: AppOptions) -> Authority:
    """The authority that the options name. Raises `UsageError` if they name none."""
    if not app.tenant:
        raise UsageError(
            "No tenant was given.",
            advice="Copy the Directory (tenant) ID from the app's Overview page and give it "
            "with --tenant or AZURE_TENANT_ID. No app yet? Try entra-oauth demo.",
        )
    if app.authority_host:
        return Authority(app.authority_host, app.tenant)
    return Authority.of(app.tenant, cloud=app.cloud or "public")


def client_id_of(app: AppOptions) -> str:
    """The client id. Raises `UsageError` if there is none."""
    if not app.client_id:
        raise UsageError(
            "No client id was given.",
            advice="Copy the Application (client) ID from the app's Overview page and give it "
            "with --client-id or AZURE_CLIENT_ID.",
        )
    return app.client_id


def check_asked(app: AppOptions) -> None:
    """Raise `UsageError` for ids or scopes that cannot succeed, before anything is sent.

    `login` and all that follows it ask here; the article's verbs send what they were given.
    """
    from entra_oauth.protocol.authority import check_app
    from entra_oauth.protocol.scopes import check_scopes

    authority, client_id = authority_of(app), client_id_of(app)
    check_app(authority, client_id)
    check_scopes(authority, app.scope)


def check_workspace(app: AppOptions) -> None:
    """Raise `UsageError` where a workspace is given together with what it names."""
    for name in ("tenant", "cloud", "authority_host"):
        if {name, "workspace_url"} <= app.origins.given:
            raise UsageError(
                f"--workspace-url and --{name.replace('_', '-')} exclude each other.",
                advice="Give one of them: the workspace names its tenant and its cloud.",
            )


def use_workspace(app: AppOptions, network: NetworkOptions, session: Session) -> AppOptions:
    """The same app; with `--workspace-url`, of the tenant and the cloud that the workspace names.

    A tenant that was given is not asked for. Raises what asking raises.
    """
    if not app.workspace_url:
        return app
    check_workspace(app)
    if app.tenant and "workspace_url" not in app.origins.given:
        return app
    from entra_oauth.cli.sign_in.choose_receiver import back_channels
    from entra_oauth.flows.find_authority import find_authority
    from entra_oauth.protocol.resource.workspace import Workspace

    workspace = Workspace(app.workspace_url)
    with back_channels(network, session) as channels:
        authority = find_authority(workspace, channels, timeout_s=network.http_timeout)
    session.console.say(f"{workspace.host} belongs to the tenant {authority}.")
    return replace(app, tenant=authority.tenant, authority_host=authority.base)


def plan_of(
    app: AppOptions,
    procedure: Procedure,
    *,
    page: SignInPageOptions,
    request: RequestOptions,
    network: NetworkOptions,
    state: str | None = None,
) -> SignIn:
    """The sign-in that the options ask for. Raises `UsageError`."""
    # Here, because a token that is at hand needs neither.
    from entra_oauth.flows.authorization_code import SignIn
    from entra_oauth.protocol.endpoints.authorize import Hints, Procedure

    client_id = client_id_of(app)
    if state is not None and procedure is not Procedure.ARTICLE:
        raise UsageError(
            "A state was given for the hardened procedure.",
            advice="Leave --state out: a random one is made for each attempt.",
        )
    return SignIn(
        procedure=procedure,
        authority=authority_of(app),
        client_id=client_id,
        scopes=app.scope,
        state=state,
        hints=Hints(
            prompt=page.prompt,
            login_hint=page.login_hint,
            domain_hint=page.domain_hint,
            claims=request.claims,
            correlation_id=request.correlation_id,
        ),
        timeout_s=float(page.timeout),
        http_timeout_s=network.http_timeout,
    )
