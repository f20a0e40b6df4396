"""For programs: a token with one call, for a person or for an app.

```python
from entra_oauth import PublicClient

client = PublicClient.of("TENANT", "CLIENT")
tokens = client.sign_in("databricks")
print(tokens.identity.username, tokens.expires_in)
```

Where a secret is given, no frame that an error leaves behind holds it: there are tools that print
the values of each.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.channels.base import Channels, say_on_stderr
from entra_oauth.errors import EntraOAuthError, bare
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.flows.id_token_signature import KeyStore
from entra_oauth.protocol.authority import Authority, check_app, folded
from entra_oauth.protocol.endpoints.access_request import AccessRequest
from entra_oauth.protocol.endpoints.authorize import NO_HINTS, Hints, Procedure
from entra_oauth.protocol.scopes import check_scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from entra_oauth.channels.base import FrontChannel
    from entra_oauth.protocol.endpoints.client_auth import Credential
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.id_token import IdToken

__all__ = ["ConfidentialClient", "PublicClient", "local_channels"]


@contextmanager
def local_channels(
    *, ca_bundle: str | None = None, ask: Callable[[str], str] | None = None
) -> Iterator[Channels]:
    """A listener on this machine with its default browser, and `requests`.

    Over SSH the address is told with the `ssh -L` that brings the answer here; on a terminal it
    can be pasted too. With `ask` it is always pasted: `ask` is given a prompt and returns a line,
    as `getpass.getpass` does, in a notebook too. What the person must know is written to
    standard error.
    """
    from entra_oauth.channels.https.back_channel import RequestsBack

    with (
        RequestsBack(ca_bundle=ca_bundle, say=say_on_stderr) as back,
        RequestsBack(ca_bundle=ca_bundle) as aside,
    ):
        front = _front(say_on_stderr, ask)
        yield Channels(front=front, back=back, aside=aside, say=say_on_stderr)


def _front(say: Callable[[str], None], ask: Callable[[str], str] | None) -> FrontChannel:
    import os

    from entra_oauth.channels.listener.listener import Listener
    from entra_oauth.channels.listener.system_browser import SystemBrowser, has_local_browser

    if ask is not None:
        from entra_oauth.channels.paste.paste_prompt import PROMPT, Paste

        return Paste(redirect_uri="http://localhost", say=say, ask_line=lambda _: ask(PROMPT))
    if "SSH_CONNECTION" not in os.environ or has_local_browser(os.environ, sys.platform)[0]:
        browser = SystemBrowser(say)
        return Listener(launch=browser.open, say=say, browser_failed=lambda: browser.has_failed)
    from entra_oauth.channels.paste.listen_or_paste import ListenOrPaste

    silent = Listener(
        launch=lambda url: False, say=lambda line: None, tell=say, response_mode="query"
    )
    return ListenOrPaste(listener=silent, say=say)


@dataclass(frozen=True, slots=True)
class PublicClient:
    """An app registration without a secret: a native app."""

    authority: Authority
    client_id: str
    keys: KeyStore = field(default_factory=KeyStore, repr=False, compare=False)
    """The authority's keys, reused for a day while this client lives."""

    def __post_init__(self) -> None:
        check_app(self.authority, self.client_id)

    @classmethod
    def of(cls, tenant: str, client_id: str, *, cloud: str = "public") -> PublicClient:
        """The client of a tenant in one of Entra's clouds.

        Raises `UsageError` for ids that no tenant and no app there can have.
        """
        return cls(Authority.of(folded(tenant), cloud=cloud), folded(client_id))

    def sign_in(
        self,
        *scopes: str,
        hints: Hints = NO_HINTS,
        timeout_s: float = 300.0,
        channels: Channels | None = None,
    ) -> TokenResponse:
        """Sign a person in with the hardened procedure, in the browser of this machine.

        `scopes` may use short names (`databricks`, `graph`, `arm`). `timeout_s` is
        what the person has. Raises an `EntraOAuthError`.
        """
        check_scopes(self.authority, scopes)
        plan = SignIn(
            procedure=Procedure.HARDENED,
            authority=self.authority,
            client_id=self.client_id,
            scopes=scopes,
            hints=hints,
            timeout_s=timeout_s,
            keys=self.keys,
        )
        with _given_or_local(channels) as ready:
            return sign_in(plan, ready)

    def device_code(
        self, *scopes: str, claims: str | None = None, channels: Channels | None = None
    ) -> TokenResponse:
        """Sign a person in on another device; page and code go to standard error.

        Raises an `EntraOAuthError`, `TimedOut` when the code has expired.
        """
        from entra_oauth.flows import device_code

        access_request = self._access_request(scopes, claims)
        with _given_or_local(channels) as ready:
            return device_code.sign_in(access_request, ready, keys=self.keys)

    def password(
        self, *scopes: str, username: str, password: str, channels: Channels | None = None
    ) -> TokenResponse:
        """Sign in with a password: the flow that is on its way out, and says so.

        Raises an `EntraOAuthError`.
        """
        from entra_oauth.flows import password as flow

        access_request = self._access_request(scopes, None)
        try:
            with _given_or_local(channels) as ready:
                return flow.sign_in(access_request, username, password, ready, keys=self.keys)
        except EntraOAuthError as error:
            failure = bare(error)
        del password
        raise failure

    def refresh(
        self,
        refresh_token: str,
        *scopes: str,
        before: IdToken | None = None,
        claims: str | None = None,
        channels: Channels | None = None,
    ) -> TokenResponse:
        """Fresh tokens for a refresh token; the answer always holds a refresh token.

        `before` is who signed in, to be compared; a signature is checked if the keys are
        here from a sign-in. Raises an `EntraOAuthError`; what it
        says decides whether the refresh token is still good (`protocol.aadsts.is_dead`).
        """
        from entra_oauth.flows.refresh_token import refresh

        access_request, keys = self._access_request(scopes, claims), self.keys
        try:
            with _given_or_local(channels) as ready:
                return refresh(access_request, refresh_token, ready, before=before, keys=keys)
        except EntraOAuthError as error:
            failure = bare(error)
        del refresh_token
        raise failure

    def _access_request(self, scopes: tuple[str, ...], claims: str | None) -> AccessRequest:
        check_scopes(self.authority, scopes)
        return AccessRequest.for_person(
            authority=self.authority, client_id=self.client_id, scopes=scopes, claims=claims
        )


@dataclass(frozen=True, slots=True)
class ConfidentialClient:
    """An app registration that proves itself: a service, a job, a web app's back end.

    ```python
    from entra_oauth import Certificate, ConfidentialClient

    certificate = Certificate.load(Path("app.pem").read_bytes())
    client = ConfidentialClient.of("TENANT", "CLIENT", certificate)
    tokens = client.get_token("databricks")
    ```
    """

    authority: Authority
    client_id: str
    credential: Credential = field(repr=False)

    def __post_init__(self) -> None:
        check_app(self.authority, self.client_id)

    @classmethod
    def of(
        cls, tenant: str, client_id: str, credential: Credential, *, cloud: str = "public"
    ) -> ConfidentialClient:
        """The client of a tenant in one of Entra's clouds.

        Raises `UsageError` for ids that no tenant and no app there can have.
        """
        return cls(Authority.of(folded(tenant), cloud=cloud), folded(client_id), credential)

    def get_token(self, scope: str, *, channels: Channels | None = None) -> TokenResponse:
        """A token in the app's own name. Raises an `EntraOAuthError`."""
        from entra_oauth.flows import client_credentials

        check_scopes(self.authority, (scope,))
        access_request = AccessRequest.for_app(
            authority=self.authority, client_id=self.client_id, scopes=(scope,)
        )
        try:
            with _given_or_local(channels) as ready:
                return client_credentials.get_token(access_request, self.credential, ready)
        except EntraOAuthError as error:
            failure = bare(error)
        raise failure

    def on_behalf_of(
        self,
        assertion: str,
        *scopes: str,
        claims: str | None = None,
        channels: Channels | None = None,
    ) -> TokenResponse:
        """A token for the next service, in the name of the person who called this one.

        `assertion` is the access token of that call. Raises an `EntraOAuthError`.
        """
        from entra_oauth.flows import on_behalf_of

        access_request, credential = self._access_request(scopes, claims), self.credential
        try:
            with _given_or_local(channels) as ready:
                return on_behalf_of.get_token(access_request, assertion, credential, ready)
        except EntraOAuthError as error:
            failure = bare(error)
        del assertion
        raise failure

    def refresh(
        self,
        refresh_token: str,
        *scopes: str,
        claims: str | None = None,
        channels: Channels | None = None,
    ) -> TokenResponse:
        """Fresh tokens for a refresh token of this app. See `PublicClient.refresh`."""
        from entra_oauth.flows.refresh_token import refresh

        access_request, credential = self._access_request(scopes, claims), self.credential
        try:
            with _given_or_local(channels) as ready:
                return refresh(access_request, refresh_token, ready, credential=credential)
        except EntraOAuthError as error:
            failure = bare(error)
        del refresh_token
        raise failure

    def _access_request(self, scopes: tuple[str, ...], claims: str | None) -> AccessRequest:
        check_scopes(self.authority, scopes)
        return AccessRequest.for_person(
            authority=self.authority, client_id=self.client_id, scopes=scopes, claims=claims
        )


@contextmanager
def _given_or_local(channels: Channels | None) -> Iterator[Channels]:
    if channels is not None:
        yield channels
        return
    with local_channels() as local:
        yield local
