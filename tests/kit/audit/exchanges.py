"""Recordings for the linter: a sign-in that was really made, and the article's own exchange."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from entra_oauth.channels.base import Channels
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, encode_form
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recorder, Recording
from kit.practice import ALICE, PASSWORD

__all__ = ["ARTICLE_STATE", "article", "at_entra", "changed", "practised", "sign_in_on_practice"]

ARTICLE_STATE = "12345"
SCOPE = f"{DATABRICKS}/.default"
LOGIN = "https://login.microsoftonline.com"


def sign_in_on_practice(procedure: Procedure, *, state: str | None = None) -> Recording:
    """A whole sign-in with the real listener, and a call to the workspace with the token."""
    threads: list[threading.Thread] = []

    def launch(url: str) -> bool:
        browser = PracticeBrowser(http_send, ALICE, PASSWORD)
        threads.append(threading.Thread(target=browser.open, args=(url,), daemon=True))
        threads[-1].start()
        return True

    mode = "query" if procedure is Procedure.ARTICLE else "form_post"
    recorder = Recorder()
    with serve(PracticeTenant(), tls=False) as hosted, RequestsBack(allow_keylog=True) as back:
        plan = SignIn(
            procedure=procedure,
            authority=Authority(hosted.base_url, ARTICLE_TENANT_ID),
            client_id=ARTICLE_CLIENT_ID,
            scopes=(SCOPE,),
            state=state,
            timeout_s=30.0,
        )
        front = Listener(launch=launch, say=lambda line: None, response_mode=mode)
        with RequestsBack(allow_keylog=True) as aside:
            channels = recorder.wrap(Channels(front=front, back=back, aside=aside))
            tokens = sign_in(plan, channels)
            for thread in threads:
                thread.join(10.0)
            channels.back.send(
                HttpRequest(
                    method="GET",
                    url=f"{hosted.base_url}/api/2.0/clusters/list",
                    headers=(("Authorization", f"Bearer {tokens.access_token}"),),
                ),
                timeout_s=10.0,
            )
    return recorder.recording


@cache
def practised(procedure: Procedure, state: str | None = None) -> Recording:
    """The same, made once for all tests."""
    return sign_in_on_practice(procedure, state=state)


def article() -> Recording:
    """The article's exchange as it is printed: its example state, its shortened code."""
    authority = Authority(LOGIN, ARTICLE_TENANT_ID)
    fields = (
        ("client_id", ARTICLE_CLIENT_ID),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost"),
        ("response_mode", "query"),
        ("scope", SCOPE),
        ("state", ARTICLE_STATE),
    )
    body = (
        ("client_id", ARTICLE_CLIENT_ID),
        ("scope", SCOPE),
        ("code", "0.ASkAIj...RxgFhSAA"),
        ("redirect_uri", "http://localhost"),
        ("grant_type", "authorization_code"),
        ("state", ARTICLE_STATE),
    )
    answer = {
        "token_type": "Bearer",
        "scope": f"{DATABRICKS}/user_impersonation {SCOPE}",
        "expires_in": 3599,
        "ext_expires_in": 3599,
        "access_token": "eyJ0...TRUNCATED",
    }
    return Recording(
        (
            step("authorize", "GET", f"{authority.authorization_endpoint}?{encode_form(fields)}"),
            step(
                "accepted",
                "GET",
                f"http://localhost/?code=0.ASkAIj...RxgFhSAA&state={ARTICLE_STATE}"
                "&session_state=c44574d5-38ba-4f93-b2a3-a830db8e8cdf",
                at=1_000_020.0,
            ),
            step(
                "token",
                "POST",
                authority.token_endpoint,
                headers=(("Accept", "*/*"), ("Content-Type", FORM)),
                body=encode_form(body).encode(),
                response=json_answer(answer),
                at=1_000_040.0,
            ),
        )
    )


def json_answer(members: dict[str, object], status: int = 200) -> HttpResponse:
    """An answer of Entra's token endpoint, with its headers."""
    return HttpResponse(
        status=status,
        headers=(
            ("Cache-Control", "no-store, no-cache"),
            ("Pragma", "no-cache"),
            ("Content-Type", "application/json; charset=utf-8"),
        ),
        body=json.dumps(members).encode(),
    )


EVENTS = {str(event): event for event in map(FrontEvent, Occurred)}
"""The events of the front channel, by what a recording notes of them."""


def step(
    note: str,
    method: str,
    url: str,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    response: HttpResponse | None = None,
    at: float = 1_000_000.0,
) -> Exchange:
    """One exchange. What is noted as the browser's is the front channel's."""
    event = EVENTS.get(note)
    return Exchange(
        event=event,
        purpose="" if event else note,
        request=HttpRequest(method=method, url=url, headers=headers, body=body),
        response=response,
        started_at=at,
        ended_at=at,
    )


def changed(recording: Recording, note: str, change: Callable[[Exchange], Exchange]) -> Recording:
    """The same recording with one exchange changed: the first of that note."""
    done = False
    exchanges = []
    for exchange in recording.exchanges:
        if not done and exchange.note.startswith(note):
            exchange, done = change(exchange), True
        exchanges.append(exchange)
    assert done, f"there is no {note}"
    return Recording(tuple(exchanges))


def at_entra(recording: Recording) -> Recording:
    """A practice sign-in as it would have been at Entra: its host, over TLS."""
    base = next(e.request.url for e in recording.exchanges if e.note.startswith("authorize"))
    origin = "/".join(base.split("/")[:3])
    return Recording(tuple(_moved(exchange, origin) for exchange in recording.exchanges))


def _moved(exchange: Exchange, origin: str) -> Exchange:
    url = exchange.request.url
    if not url.startswith(origin):
        return exchange
    url = LOGIN + url.removeprefix(origin)
    return replace(exchange, request=replace(exchange.request, url=url), wire=None)
