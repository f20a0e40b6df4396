"""What gets its tokens without a sign-in, and is told so at `login`: which verb to use instead."""

from __future__ import annotations

from entra_oauth.cache.identity_asker import IDENTITY_FLOW, IDENTITY_VALUES
from entra_oauth.cli.sign_in.identity_options import check_flow_is_named
from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cache.profiles import Profile
    from entra_oauth.cli.options.app_options import AppOptions, CredentialOptions

__all__ = ["refuse_what_needs_no_login"]


def refuse_what_needs_no_login(app: AppOptions, credential: CredentialOptions) -> None:
    """Raise `UsageError` for a managed identity, and a profile that exchanges a federated token.

    Such a profile may name an app beside it, and so may the command line: that one is signed in to.
    """
    profile, given = app.settings, credential.origins.given
    if credential.flow == IDENTITY_FLOW or not given.isdisjoint(IDENTITY_VALUES):
        is_profiles = profile is not None and app.origins.source("flow") == _of(profile)
        if profile is not None and is_profiles and given.isdisjoint(IDENTITY_VALUES):
            instead = "the managed identity is asked"
            raise _needs_no_login(profile, instead, "in the place of the profile")
        raise UsageError(
            "A managed identity signs in nowhere: its token is asked for where it is needed.",
            advice="Use entra-oauth token --flow managed-identity --managed-identity-source WHERE; "
            "a profile can hold both (entra-oauth profile set).",
        )
    check_flow_is_named(app)
    if profile is None or not profile.text("exchange"):
        return
    is_app_named = app.origins.source("client_id") in ("--client-id", _of(profile))
    if profile.text("subject_token") == "federated" and not is_app_named:
        raise _needs_no_login(profile, "its federated token is exchanged", "beside it")


def _of(profile: Profile) -> str:
    return f"the profile {profile.name}"


def _needs_no_login(profile: Profile, instead: str, where: str) -> UsageError:
    return UsageError(
        f"The profile {profile.name} needs no login: {instead} wherever a token is needed.",
        advice=f"Use entra-oauth token --profile {profile.name}; run, api and the others take it "
        f"too. To sign in to an app at Entra, name it with --tenant and --client-id, {where}.",
    )
