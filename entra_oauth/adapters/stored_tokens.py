"""The tokens of a profile or an app, for programs: from the store, refreshed when needed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from entra_oauth.cache.account import MIN_VALIDITY_S, App
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.profiles import Profiles
from entra_oauth.cache.token_source import Refresher, TokenSource
from entra_oauth.errors import UsageError
from entra_oauth.protocol.authority import Authority, check_app, folded
from entra_oauth.protocol.resource.claims_challenge import read_claims
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.scopes import check_scopes

if TYPE_CHECKING:
    from entra_oauth.cache.profiles import Profile
    from entra_oauth.cache.token_source import Found

__all__ = ["StoredTokens"]


class StoredTokens:
    """Tokens of somebody who signed in with `entra-oauth login`. Threads may share one.

    Never opens a browser: where only a person can go on, `get` raises `SignInRequired`.
    `hosts` are whole names of hosts that tokens may be sent to, beside those that are known
    for their resource.
    """

    def __init__(
        self,
        authority: Authority,
        client_id: str,
        *,
        scopes: tuple[str, ...] = ("databricks",),
        account: str | None = None,
        hosts: tuple[str, ...] = (),
        store: FileStore | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        check_app(authority, client_id)
        check_scopes(authority, scopes)
        self.authority = authority
        self.client_id = client_id
        self.scopes = scopes
        self.account = account
        self.hosts = hosts
        self._source = TokenSource(
            store=store or FileStore.standard(os.environ, say=_say),
            app=App.of(authority, client_id),
            refresh=Refresher(authority, client_id, ca_bundle=ca_bundle, say=_say),
            say=_say,
        )

    @classmethod
    def of(
        cls,
        tenant: str,
        client_id: str,
        *,
        scopes: tuple[str, ...] = ("databricks",),
        cloud: str = "public",
        account: str | None = None,
        hosts: tuple[str, ...] = (),
    ) -> StoredTokens:
        """Of an app in one of Entra's clouds."""
        authority = Authority.of(folded(tenant), cloud=cloud)
        return cls(authority, folded(client_id), scopes=scopes, account=account, hosts=hosts)

    @classmethod
    def of_profile(cls, name: str | None = None) -> StoredTokens:
        """Of a profile; of the default one if none is named. Raises `UsageError`."""
        profile = Profiles.standard(os.environ).get(name)
        if profile is None:
            raise UsageError(
                "There is no default profile.",
                advice="Make one with entra-oauth login --save-profile NAME, or name one.",
            )
        return cls(
            authority_of(profile),
            folded(_required(profile, "client_id")),
            scopes=profile.texts("scope") or ("databricks",),
            account=profile.text("account"),
            hosts=profile.texts("hosts"),
            ca_bundle=profile.text("ca_bundle"),
        )

    @classmethod
    def given(cls, tokens: StoredTokens | None, profile: str | None) -> StoredTokens:
        """These tokens, or those of a profile. Raises `UsageError` where both are given."""
        if tokens is None:
            return cls.of_profile(profile)
        if profile is not None:
            raise UsageError("Tokens and a profile exclude each other.", advice="Give one.")
        return tokens

    def get(
        self,
        *scopes: str,
        min_validity_s: float = MIN_VALIDITY_S,
        force: bool = False,
        claims: str | None = None,
        cae: bool = False,
    ) -> Found:
        """A token for `scopes`, or for the scopes that this was made with.

        `claims` is a claims challenge to be answered: JSON, base64, or a whole header. See
        `TokenSource.get`.
        """
        check_scopes(self.authority, scopes)
        return self._source.get(
            *(scopes or self.scopes),
            account=self.account,
            min_validity_s=min_validity_s,
            force=force,
            claims=read_claims(claims) if claims is not None else None,
            cae=cae,
        )

    def check_destination(self, url: str, *scopes: str) -> None:
        """Raise `DestinationRefused` unless a token for these scopes may be sent there."""
        check_destination(
            url, scopes=scopes or self.scopes, authority=self.authority, named_hosts=self.hosts
        )


def authority_of(profile: Profile) -> Authority:
    """The authority that a profile names. Raises `UsageError`."""
    tenant = folded(_required(profile, "tenant"))
    if host := profile.text("authority_host"):
        return Authority(host, tenant)
    return Authority.of(tenant, cloud=profile.text("cloud") or "public")


def _required(profile: Profile, name: str) -> str:
    value = profile.text(name)
    if value is None:
        raise UsageError(
            f"The profile {profile.name} has no {name}.",
            advice=f"Set it with entra-oauth profile set {profile.name} {name}=VALUE.",
        )
    return value


def _say(line: str) -> None:
    if sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)
