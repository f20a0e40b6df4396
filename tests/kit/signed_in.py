"""Somebody who has signed in on a practice tenant, and whose tokens are kept here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache.account import App
from entra_oauth.cache.file_store import FileStore, store_sign_in
from entra_oauth.channels.base import Channels
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from kit.practice import ALICE, PASSWORD

__all__ = ["ALICE", "AtHand", "at_hand"]


@dataclass
class AtHand:
    """The tenant, where it is served, and the store with one account in it."""

    tenant: PracticeTenant
    hosted: Hosted
    store: FileStore
    authority: Authority

    @property
    def app(self) -> App:
        return App.of(self.authority, ARTICLE_CLIENT_ID)

    @property
    def options(self) -> list[str]:
        """The options that name this app on a command line."""
        return [
            *("--authority-host", self.hosted.base_url, "--tenant", ARTICLE_TENANT_ID),
            *("--client-id", ARTICLE_CLIENT_ID, "--ca-bundle", self.hosted.ca_file),
        ]

    def tokens(self) -> StoredTokens:
        return StoredTokens(
            self.authority, ARTICLE_CLIENT_ID, store=self.store, ca_bundle=self.hosted.ca_file
        )

    def sign_in(self, *scopes: str) -> None:
        """As alice, with a browser that is a program."""

        def launch(url: str) -> bool:
            def visit() -> None:
                PracticeBrowser(
                    lambda request: http_send(request, ca_file=self.hosted.ca_file), ALICE, PASSWORD
                ).open(url)

            threading.Thread(target=visit, daemon=True).start()
            return True

        plan = SignIn(
            procedure=Procedure.HARDENED,
            authority=self.authority,
            client_id=ARTICLE_CLIENT_ID,
            scopes=scopes or ("databricks",),
            timeout_s=30,
        )
        with RequestsBack(ca_bundle=self.hosted.ca_file) as back:
            front = Listener(launch=launch, say=lambda line: None)
            tokens = sign_in(plan, Channels(front=front, back=back))
        store_sign_in(self.store, self.app, tokens, plan.scopes, otherwise="nobody")


@contextmanager
def at_hand(store: FileStore) -> Iterator[AtHand]:
    """A tenant over TLS with alice signed in."""
    tenant = PracticeTenant()
    with serve(tenant, tls=True) as hosted:
        ours = AtHand(tenant, hosted, store, Authority(hosted.base_url, ARTICLE_TENANT_ID))
        ours.sign_in()
        yield ours
