"""A sign-in inside the test's own process, where its messages can be seen."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from entra_oauth.channels.base import Channels
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.messages import HttpRequest
from entra_oauth.recording.record import Recorder
from kit.foreign.person import origin_of

__all__ = ["Attempt", "signing_in"]

_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sign-in that waits for its browser."""

    url: str
    """Where the browser is to go."""
    recorder: Recorder
    ending: Future[TokenResponse]

    @property
    def port(self) -> int:
        """The listener's."""
        port = urlsplit(origin_of(self.url)).port
        assert port
        return port

    def tokens(self) -> TokenResponse:
        """Wait for the end. Raises what the flow raised."""
        return self.ending.result(_PATIENCE_S)

    @property
    def answer(self) -> HttpRequest:
        """The message that was accepted."""
        (accepted,) = (
            each.request
            for each in self.recorder.recording.exchanges
            if each.channel == "front" and each.note == "accepted"
        )
        return accepted


@contextmanager
def signing_in(
    base_url: str,
    *,
    tenant_id: str = ARTICLE_TENANT_ID,
    client_id: str = ARTICLE_CLIENT_ID,
    scope: str = "databricks",
    response_mode: str = "form_post",
    procedure: Procedure = Procedure.HARDENED,
    ca_bundle: str | None = None,
) -> Iterator[Attempt]:
    """Begin to sign in at `base_url`, in a thread that ends with the block."""
    opened: queue.Queue[str] = queue.Queue()

    def launch(url: str) -> bool:
        opened.put(url)
        return True

    plan = SignIn(
        procedure=procedure,
        authority=Authority(base_url, tenant_id),
        client_id=client_id,
        scopes=(scope,),
        timeout_s=_PATIENCE_S,
    )
    recorder = Recorder()
    listener = Listener(launch=launch, say=lambda line: None, response_mode=response_mode)
    with RequestsBack(ca_bundle=ca_bundle) as back, ThreadPoolExecutor(1) as pool:
        channels = recorder.wrap(Channels(front=listener, back=back))
        ending = pool.submit(sign_in, plan, channels)
        yield Attempt(url=opened.get(timeout=_PATIENCE_S), recorder=recorder, ending=ending)
