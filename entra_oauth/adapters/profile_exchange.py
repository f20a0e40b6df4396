"""The exchange that a profile names: where to, and of which token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.cache.identity_asker import IDENTITY_FLOW
from entra_oauth.errors import UsageError
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget, account_meant

if TYPE_CHECKING:
    from entra_oauth.cache.profiles import Profile

__all__ = ["of_workspace_cloud", "subject_token_of", "target_of_profile"]

_SUBJECTS = ("entra", "federated")


def target_of_profile(profile: Profile) -> ExchangeTarget | None:
    """The place that the profile's tokens are exchanged at. Raises `UsageError`."""
    wanted = profile.text("exchange")
    if wanted is None:
        return None
    if wanted != "databricks":
        raise UsageError(
            f"The profile {profile.name} has an exchange that is not known.",
            advice=f"Use entra-oauth profile set {profile.name} exchange=databricks.",
        )
    url = profile.text("workspace_url")
    return ExchangeTarget.of(
        url,
        account_id=account_meant(url, profile.text("exchange_account")),
        client_id=profile.text("exchange_client_id"),
    )


def subject_token_of(profile: Profile) -> str:
    """The word for the token that is exchanged, as `--subject-token` has it.

    Raises `UsageError` for another one, and where nothing is exchanged.
    """
    named = profile.text("subject_token") or "entra"
    if named == "federated" and profile.text("flow") == IDENTITY_FLOW:
        raise UsageError(
            f"In the profile {profile.name} a managed identity's token is to be a federated one.",
            advice=f"Use entra-oauth profile set {profile.name} subject_token=entra.",
        )
    if named not in _SUBJECTS or (named != "entra" and profile.text("exchange") is None):
        raise UsageError(
            f"The profile {profile.name} has a subject_token that is not known, or no exchange.",
            advice=f"Use entra-oauth profile set {profile.name} exchange=databricks "
            "subject_token=federated.",
        )
    return named


def of_workspace_cloud(profile: Profile, target: ExchangeTarget) -> Authority:
    """Any authority of the cloud that the workspace is of; a practice one only by its host."""
    tenant = profile.text("tenant") or "organizations"
    if host := profile.text("authority_host"):
        return Authority(host, tenant)
    cloud = target.workspace.cloud
    return Authority.of(tenant, cloud=cloud.name if cloud else "public")
