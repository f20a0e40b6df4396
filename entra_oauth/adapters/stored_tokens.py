"""The tokens of a profile or an app, for programs: from the store, renewed when needed."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from entra_oauth.adapters.profile_exchange import (
    of_workspace_cloud,
    subject_token_of,
    target_of_profile,
)
from entra_oauth.cache.account import MIN_VALIDITY_S, App, scope_key
from entra_oauth.cache.app_asker import APP_FLOW, AppAsker, asker_by_sign_in
from entra_oauth.cache.exchanged_source import ExchangedSource
from entra_oauth.cache.federated_exchange import FederatedAsker, FederatedExchange
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.identity_asker import (
    ANY_TENANT,
    FLOWS,
    IDENTITY_FLOW,
    IDENTITY_VALUES,
    NO_APP,
    IdentityAsker,
    no_flow,
)
from entra_oauth.cache.profiles import Profiles
from entra_oauth.cache.refresher import Refresher
from entra_oauth.cache.token_source import TokenSource
from entra_oauth.channels.base import Channels, NoFront, say_on_stderr
from entra_oauth.errors import DestinationRefused, UsageError
from entra_oauth.flows.proofs.find_proof import PROOF_VALUES, AppProof, EnvironmentSecrets
from entra_oauth.protocol.authority import Authority, check_app, folded
from entra_oauth.protocol.resource.claims_challenge import read_claims
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.scopes import check_scopes
from entra_oauth.shell_words import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.cache.profiles import Profile
    from entra_oauth.cache.token_source import Found
    from entra_oauth.flows.managed_identity.machine_identity import MachineIdentity
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget

__all__ = ["StoredTokens"]


class StoredTokens:
    """Tokens of somebody who signed in with `entra-oauth login`. Threads may share one.

    Never opens a browser: where only a person can go on, `get` raises `SignInRequired`.
    Where the app itself signed in, or `flow` says so, the app asks again with its proof, as
    commands do (`cache.app_asker`). With an `identity` it is that one's tokens, and nobody's
    sign-in is looked for. `hosts` are whole names of hosts that tokens may be sent
    to, beside those that are known for their resource. With an `exchange` the tokens are the
    workspace's own, for Entra's token or, where `subject_token` is `federated`, for the one that
    `proof` leads to; then neither tenant nor `client_id` (it may be empty) counts.
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
        flow: str | None = None,
        proof: AppProof | None = None,
        exchange: ExchangeTarget | None = None,
        identity: MachineIdentity | None = None,
        subject_token: str = "entra",  # noqa: S107 - whose it is
        exchange_audience: str | None = None,
    ) -> None:
        self._is_federated = exchange is not None and subject_token == "federated"  # noqa: S105
        if client_id or not self._is_federated:
            check_app(authority, client_id)
        check_scopes(authority, scopes)
        self.authority = authority
        self.client_id = client_id
        self.scopes = scopes
        self.account = account
        self.hosts = hosts
        self._store = store or FileStore.standard(os.environ, say=say_on_stderr)
        self._ca_bundle = ca_bundle
        self._proof = proof or AppProof.of({}, os.environ)
        self._flow = flow
        self._exchange = exchange
        self._identity = identity
        self._audience = exchange_audience
        self._is_noted = False
        self._announced: set[str] = set()

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
    def of_managed_identity(
        cls,
        source: str,
        identity: str | None = None,
        *,
        scopes: tuple[str, ...] = ("databricks",),
        cloud: str = "public",
        hosts: tuple[str, ...] = (),
    ) -> StoredTokens:
        """Of the managed identity of the place where this runs: no sign-in, and no secret.

        `source` and `identity` are as `--managed-identity-source` and `--managed-identity-id`
        have them. Raises `UsageError`.
        """
        authority = Authority.of(ANY_TENANT, cloud=cloud)
        named = _identity(source, identity)
        return cls(authority, NO_APP, scopes=scopes, hosts=hosts, identity=named)

    @classmethod
    def of_profile(cls, name: str | None = None) -> StoredTokens:
        """Of a profile; of the default one if none is named. Raises `UsageError`."""
        profile = Profiles.standard(os.environ).get(name)
        if profile is None:
            raise UsageError(
                "There is no default profile.",
                advice="Make one with entra-oauth login --tenant TENANT --client-id CLIENT "
                "--save-profile NAME, or name one.",
            )
        target, subject_token = target_of_profile(profile), subject_token_of(profile)
        identity = _identity_of(profile)
        if target is not None and subject_token == "federated":  # noqa: S105
            authority = of_workspace_cloud(profile, target)
            client_id = profile.text("client_id") or ""
        else:
            authority = authority_of(profile)
            client_id = _required(profile, "client_id") if identity is None else NO_APP
        return cls(
            authority,
            folded(client_id),
            scopes=profile.texts("scope") or ("databricks",),
            account=profile.text("account"),
            hosts=profile.texts("hosts"),
            ca_bundle=profile.text("ca_bundle"),
            flow=profile.text("flow"),
            proof=AppProof.of({name: profile.text(name) for name in PROOF_VALUES}, os.environ),
            exchange=target,
            identity=identity,
            subject_token=subject_token,
            exchange_audience=profile.text("exchange_audience") or profile.text("exchange_account"),
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
        `TokenSource.get`; of an app, raises `ProofMissing` and what its proof raises too. A
        managed identity's service takes neither: `cae` means nothing, and claims are refused.
        """
        check_scopes(self.authority, scopes)
        source = self._exchanged() if self._is_exchanged(scopes) else self._source()
        return source.get(
            *(scopes or self.scopes),
            account=self.account,
            min_validity_s=min_validity_s,
            force=force,
            claims=read_claims(claims) if claims is not None else None,
            cae=cae and self._identity is None,
        )

    def check_destination(self, url: str, *scopes: str) -> None:
        """Raise `DestinationRefused` unless a token for these scopes may be sent there."""
        if self._exchange is not None and self._is_exchanged(scopes):
            check_destination(url, scopes=("databricks",), authority=self.authority)
            if not self._exchange.takes(url):
                raise DestinationRefused(
                    "The token was not sent: it is of another workspace than the address.",
                    advice="Use a profile whose workspace_url is that workspace.",
                )
            return
        check_destination(
            url, scopes=scopes or self.scopes, authority=self.authority, named_hosts=self.hosts
        )

    @property
    def is_identity(self) -> bool:
        """True where they are a managed identity's."""
        return self._identity is not None

    # ---- within --------------------------------------------------------------------

    def _source(self) -> TokenSource:
        if self._identity is not None:
            asker = IdentityAsker(
                identity=self._identity, authority=self.authority, channels=self._channels
            )
            return TokenSource(
                store=self._store,
                app=asker.app,
                refresh=Refresher(self.authority, self.client_id),
                as_app=asker,
                as_identity=True,
                say=say_on_stderr,
            )
        if not self.client_id:
            raise UsageError(
                "Without Entra there are tokens for the workspace alone.",
                advice="Give tenant and client_id too, and subject_token=entra.",
            )
        app = App.of(self.authority, self.client_id)
        return TokenSource(
            store=self._store,
            app=app,
            refresh=Refresher(
                self.authority,
                self.client_id,
                ca_bundle=self._ca_bundle,
                say=say_on_stderr,
                announce=self._announce,
            ),
            as_app=self._as_app() if self._is_app(app) else None,
            sign_in_with=" ".join(map(quoted, ("entra-oauth", "login", *app.options))),
            say=say_on_stderr,
        )

    def _is_exchanged(self, scopes: tuple[str, ...]) -> bool:
        """Tell if a token for these scopes is exchanged: those that this was made with are."""
        base = self.authority.base
        asked, own = scope_key(scopes or self.scopes, base), scope_key(self.scopes, base)
        return self._exchange is not None and asked == own

    def _exchanged(self) -> ExchangedSource | FederatedExchange:
        target = self._exchange
        if target is None:
            raise AssertionError
        if self._is_federated:
            return self._federated(target)

        def ask(subject_token: str, /) -> TokenResponse:
            # Late: a token that is still good needs none of it.
            from entra_oauth.flows.exchange_at_workspace import exchange_token

            with self._channels() as channels:
                return exchange_token(subject_token, target, self.authority, channels)

        return ExchangedSource(inner=self._source(), target=target, exchange=ask, say=say_on_stderr)

    def _federated(self, target: ExchangeTarget) -> FederatedExchange:
        asker = FederatedAsker(
            target=target,
            authority=self.authority,
            token=lambda at, audience: self._proof.federated_token(at, audience, timeout_s=30.0),
            channels=self._channels,
            audience=self._audience,
        )
        return FederatedExchange(store=self._store, target=target, asker=asker, say=say_on_stderr)

    def _is_app(self, app: App) -> bool:
        """Tell if the app asks. Decided each time, because somebody may have signed in since."""
        if self._flow is not None:
            return self._flow == APP_FLOW
        asker = asker_by_sign_in(
            self._store, app, self.account, has_proof=lambda: self._proof.is_of(self.client_id)
        )
        notice = asker.notice(self.client_id)
        if notice is not None and not self._is_noted:
            self._is_noted = True
            say_on_stderr(notice)
        return asker.is_app

    def _as_app(self) -> AppAsker:
        secrets = EnvironmentSecrets(self._proof.environ)
        return AppAsker(
            authority=self.authority,
            client_id=self.client_id,
            credential=lambda channels: self._proof.credential(channels, secrets, timeout_s=30.0),
            channels=self._channels,
        )

    def _announce(self, line: str) -> None:
        """Say of a proxy once, however many requests are made in the life of a program."""
        if line not in self._announced:
            self._announced.add(line)
            say_on_stderr(line)

    @contextmanager
    def _channels(self) -> Iterator[Channels]:
        from entra_oauth.channels.https.back_channel import RequestsBack

        with RequestsBack(ca_bundle=self._ca_bundle, say=self._announce) as back:
            yield Channels(front=NoFront(), back=back, say=say_on_stderr)


def authority_of(profile: Profile) -> Authority:
    """The authority that a profile names. Raises `UsageError`."""
    is_identity = profile.text("flow") == IDENTITY_FLOW
    tenant = ANY_TENANT if is_identity else folded(_required(profile, "tenant"))
    if host := profile.text("authority_host"):
        return Authority(host, tenant)
    return Authority.of(tenant, cloud=profile.text("cloud") or "public")


def _identity_of(profile: Profile) -> MachineIdentity | None:
    """The managed identity that a profile names. Raises `UsageError`."""
    flow = profile.text("flow")
    if flow is not None and flow not in FLOWS:
        raise UsageError(
            f"The profile {profile.name} has a flow that is not known.",
            advice=f"Use one of {', '.join(FLOWS)}: entra-oauth profile set {profile.name} "
            "flow=NAME.",
        )
    if flow != IDENTITY_FLOW:
        return None
    if profile.text("client_id") is not None:
        raise UsageError(
            "The profile names a client id, which is none of a managed identity's values.",
            advice="Let it have managed_identity_id=client-id=GUID instead, or no id at all.",
        )
    source, named = profile.text("managed_identity_source"), profile.text("managed_identity_id")
    return _identity(source, named)


def _identity(source: str | None, named: str | None) -> MachineIdentity:
    # Late: only this flow needs it.
    from entra_oauth.flows.managed_identity.machine_identity import MachineIdentity

    return MachineIdentity.of(source, named, os.environ)


def _required(profile: Profile, name: str) -> str:
    value = profile.text(name)
    if value is None and not profile.text("flow") and any(map(profile.text, IDENTITY_VALUES)):
        raise no_flow(
            f"The profile {profile.name}",
            f"Use entra-oauth profile set {profile.name} flow={IDENTITY_FLOW}.",
        )
    if value is None:
        raise UsageError(
            f"The profile {profile.name} has no {name}.",
            advice=f"Set it with entra-oauth profile set {profile.name} {name}=VALUE.",
        )
    return value
