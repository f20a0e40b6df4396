"""A world without a network, in which an attack is run again on a learner's function.

A message is a value that is handed to whoever has its host: the practice tenant, or a function.
So the process in which a learner's code runs needs no socket at all.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from entra_oauth.errors import DestinationRefused
from entra_oauth.lessons.labs.naive import NaiveClient
from entra_oauth.lessons.labs.sandbox import CLIENT, PASSWORD, TENANT, full_name
from entra_oauth.practice import PracticeBrowser, PracticeTenant
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

    Handle = Callable[[HttpRequest], HttpResponse]

__all__ = ["OURS", "Stage", "members"]

_TENANT_AT = "http://localhost:8400"
OURS = "http://localhost:8401"
"""The origin of the client that is attacked."""


class Stage:
    """One run's world."""

    def __init__(self) -> None:
        self.tenant = PracticeTenant(directory=DEFAULT.with_admin_consent())
        self.authority = Authority(_TENANT_AT, TENANT)
        self._hosts: dict[str, Handle] = {urlsplit(_TENANT_AT).netloc: self.tenant.handle}

    def host_at(self, origin: str, handle: Handle) -> str:
        """Somebody who answers there. Returns the origin."""
        self._hosts[urlsplit(origin).netloc] = handle
        return origin

    def send(self, request: HttpRequest) -> HttpResponse:
        """Hand a message over. Raises `DestinationRefused` where nobody stands."""
        handle = self._hosts.get(urlsplit(request.url).netloc)
        if handle is None:
            raise DestinationRefused(
                "Nobody answers at that host in this lab.", advice="Send it where the lab says."
            )
        return handle(request)

    def get(self, url: str, **headers: str) -> HttpResponse:
        """A GET."""
        return self.send(HttpRequest(method="GET", url=url, headers=tuple(headers.items())))

    def posting(self, url: str, **fields: str) -> HttpRequest:
        """A form, not sent yet."""
        return HttpRequest(
            method="POST",
            url=url,
            headers=(("Content-Type", FORM),),
            body=urlencode(fields).encode(),
        )

    def client(self, handle: Callable[[HttpRequest], HttpResponse] | None = None) -> NaiveClient:
        """The naive client at the practice tenant; it listens itself unless `handle` does."""
        authority = self.authority
        client = NaiveClient(
            self.send, authority.authorization_endpoint, authority.token_endpoint, OURS
        )
        self.host_at(OURS, handle or client.callback)
        return client

    def answer_for(self, url: str, person: str) -> HttpRequest:
        """Sign in, and stop where the answer would go to the app: that message."""
        there = urlsplit(dict(parse_form(urlsplit(url).query))["redirect_uri"]).netloc
        caught: list[HttpRequest] = []

        def send(request: HttpRequest) -> HttpResponse:
            if urlsplit(request.url).netloc == there:
                caught.append(request)
                return HttpResponse(status=200)
            return self.send(request)

        PracticeBrowser(send, full_name(person), PASSWORD).open(url)
        return caught[0]

    def tokens_by_password(self, person: str, scope: str) -> dict[str, Any]:
        """Tokens for a person, at one go."""
        reply = self.send(
            self.posting(
                self.authority.token_endpoint,
                client_id=CLIENT,
                grant_type="password",
                username=full_name(person),
                password=PASSWORD,
                scope=scope,
            )
        )
        return members(reply)


def members(response: HttpResponse) -> dict[str, Any]:
    """The members of an answer in JSON; none where it is something else."""
    try:
        found = json.loads(response.body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
