"""The managed identity that the options name, and what makes no sense beside it."""

from __future__ import annotations

from entra_oauth.cache.identity_asker import (
    ANY_TENANT,
    IDENTITY_FLOW,
    IDENTITY_VALUES,
    NO_APP,
    IdentityAsker,
    no_flow,
)
from entra_oauth.cli.options.app_options import CredentialOptions, SignInPageOptions
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING, fields, replace
from entra_oauth.protocol.authority import GUID

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from entra_oauth.cache.profiles import Profile
    from entra_oauth.channels.base import Channels
    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.flows.managed_identity.machine_identity import MachineIdentity

__all__ = [
    "app_for_identity",
    "check_beside_identity",
    "check_flow_is_named",
    "identity_asker",
    "identity_of",
    "names_identity",
    "refuse_beside_other_flow",
]

_PART = frozenset({"flow", *IDENTITY_VALUES})
_SENSELESS = frozenset(
    {
        *("tenant", "client_id", "account", "claims", "cae", "correlation_id", "interactive"),
        *(each.name for each in fields(SignInPageOptions)),
        *(each.name for each in fields(CredentialOptions) if each.name not in _PART),
    }
) - {"origins"}
"""The options that have no meaning here: none of them is sent, and nobody signs in."""

_ADVICE = {
    "client_id": "Name a user-assigned identity with --managed-identity-id client-id=GUID; the "
    "system-assigned one needs no id.",
    "tenant": "Leave it out: the identity's tenant is known where its token is made.",
}
_OF_CLAIMS = "Leave it out: no source of such tokens takes a claims challenge."


def refuse_beside_other_flow(credential: CredentialOptions) -> None:
    """Raise `UsageError` for an option of a managed identity beside another flow."""
    for name in IDENTITY_VALUES:
        if name in credential.origins.given:
            raise UsageError(
                f"--{name.replace('_', '-')} goes with --flow {IDENTITY_FLOW} only.",
                advice=f"Leave it out, or use --flow {IDENTITY_FLOW}.",
            )


def check_flow_is_named(app: AppOptions) -> None:
    """Raise `UsageError` where a profile or a variable names an identity, and no flow or app.

    Else the tenant would be called missing, or the only sign-in be taken in the identity's place.
    """
    if (app.client_id and (app.tenant or app.workspace_url)) or "flow" in app.origins.named:
        return
    name = next((each for each in IDENTITY_VALUES if each in app.origins.named), None)
    if name is None or name in app.origins.given:
        return
    source, profile = app.origins.source(name), app.profile_name
    set_it = "Set ENTRA_OAUTH_FLOW"
    if profile is not None and source.startswith("the profile"):
        set_it = f"Use entra-oauth profile set {profile} flow"
    raise no_flow(
        f"{source[0].upper()}{source[1:]}",
        f"{set_it}={IDENTITY_FLOW}, or give --flow {IDENTITY_FLOW}.",
    )


def names_identity(profile: Profile, client_id: str | None) -> bool:
    """True for a profile of a managed identity, of which no sign-in is kept.

    `client_id` is that of the app which is named, by the profile or elsewhere.
    """
    flow, is_named = profile.text("flow"), any(map(profile.text, IDENTITY_VALUES))
    return flow == IDENTITY_FLOW or (not flow and is_named and not client_id)


def check_beside_identity(app: AppOptions, credential: CredentialOptions) -> None:
    """Raise `UsageError` for an option that means nothing to a managed identity.

    What a variable or a profile says for other flows is passed over; but a profile that names
    this flow and a client id means that id.
    """
    for name in sorted(_SENSELESS & credential.origins.given):
        raise UsageError(
            f"--{name.replace('_', '-')} has nothing to do with --flow {IDENTITY_FLOW}.",
            advice=_OF_CLAIMS if name in ("claims", "cae") else _ADVICE.get(name, "Leave it out."),
        )
    source = app.origins.source("client_id")
    if source.startswith("the profile") and source == app.origins.source("flow"):
        raise UsageError(
            "The profile names a client id, which is none of a managed identity's values.",
            advice="Let it have managed_identity_id=client-id=GUID instead, or no id at all.",
        )


def identity_of(credential: CredentialOptions, environ: Mapping[str, str]) -> MachineIdentity:
    """The identity that the options name. Raises `UsageError`."""
    # Late: only this flow needs it.
    from entra_oauth.flows.managed_identity.machine_identity import MachineIdentity

    source, named = credential.managed_identity_source, credential.managed_identity_id
    return MachineIdentity.of(source, named, environ)


def app_for_identity(app: AppOptions, credential: CredentialOptions) -> AppOptions:
    """The same app, as a managed identity's: of the cloud that is named, else the workspace's.

    Tenant and client id stand where those of a registered app would, and are sent nowhere.
    """
    from entra_oauth.protocol.resource.workspace import Workspace

    check_beside_identity(app, credential)
    cloud = app.cloud
    if app.workspace_url and app.origins.source("cloud") in ("", "the default"):
        of_workspace = Workspace(app.workspace_url).cloud
        cloud = of_workspace.name if of_workspace else cloud
    named = (credential.managed_identity_id or "").partition("client-id=")[2]
    return replace(
        app,
        tenant=ANY_TENANT,
        client_id=named.lower() if GUID.fullmatch(named) else NO_APP,
        account=None,
        cloud=cloud,
    )


def identity_asker(
    app: AppOptions, credential: CredentialOptions, network: NetworkOptions, session: Session
) -> IdentityAsker:
    """The identity that asks, for an app of `app_for_identity`. Raises `UsageError`."""
    from entra_oauth.flows.managed_identity.named_identity import resource_asked
    from entra_oauth.protocol.scopes import check_scopes

    authority = authority_of(app)
    check_scopes(authority, app.scope)
    resource_asked(app.scope, cloud=authority.cloud)

    def channels() -> AbstractContextManager[Channels]:
        from entra_oauth.cli.sign_in.choose_receiver import back_channels

        return back_channels(network, session)

    return IdentityAsker(
        identity=identity_of(credential, session.environ),
        authority=authority,
        channels=channels,
        timeout_s=network.http_timeout,
    )
