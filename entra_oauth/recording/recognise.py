"""Exchanges recognised as OAuth's, by their addresses and their fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from entra_oauth.protocol.messages import FORM, host_of, is_loopback, parse_form

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["endpoint_of", "kind_of"]

_PATHS = (
    (re.compile(r"/oauth2/(?:v\d\.\d/)?authorize$"), "authorize"),
    (re.compile(r"/oauth2/(?:v\d\.\d/)?token$"), "token"),
    (re.compile(r"/oauth2/(?:v\d\.\d/)?devicecode$"), "devicecode"),
    (re.compile(r"/discovery/(?:v\d\.\d/)?keys$"), "keys"),
    (re.compile(r"/\.well-known/(?:openid-configuration|oauth-authorization-server)"), "metadata"),
)


def endpoint_of(path: str) -> str | None:
    """The endpoint of an authority that a path names, such as `token`; None for any other."""
    return next((kind for pattern, kind in _PATHS if pattern.search(path)), None)


def kind_of(request: HttpRequest) -> str | None:
    """The word for an exchange in OAuth, such as `token`; None for one that is none of it."""
    if (endpoint := endpoint_of(request.path)) is not None:
        return endpoint
    fields = {name for name, _ in parse_form(request.query)}
    form = set()
    if (request.header("content-type") or "").lower().startswith(FORM):
        form = {name for name, _ in parse_form(request.body.decode("latin-1"))}
    if {"client_id", "response_type"} <= fields:
        return "authorize"
    if "grant_type" in form:
        return "token"
    both = fields | form
    is_answer = "state" in both and ("code" in both or "error" in both)
    if is_answer and (is_loopback(host_of(request.url)) or not form & {"ctx", "flowToken"}):
        return "redirect"
    bearer = (request.header("authorization") or "").lower().startswith("bearer ")
    return "api" if bearer else None
