"""What an authorize request asks for: in its address, in a JWT, or pushed before."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest

from entra_oauth.protocol.messages import FORM, Fields, HttpRequest, HttpResponse
from entra_oauth.protocol.request_object import parameters_of, pushed_by

URI = "urn:ietf:params:oauth:request_uri:abc"
PUSHED: dict[str, Fields] = {URI: (("client_id", "c"), ("state", "s"))}


def jwt(claims: object) -> str:
    part = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{part}.c2ln"


def test_an_address_without_a_request_object_says_all_itself() -> None:
    fields: Fields = (("client_id", "c"), ("state", "s"))
    asked = parameters_of(fields, PUSHED.get)
    assert asked.fields is fields
    assert not asked.elsewhere


@pytest.mark.parametrize(
    "fields",
    [
        (("client_id", "c"), ("request_uri", URI), ("state", "outside")),
        (("client_id", "c"), ("request", jwt({"state": "s"})), ("state", "outside")),
    ],
)
def test_what_is_in_a_request_object_counts_before_what_stands_beside_it(fields: Fields) -> None:
    asked = parameters_of(fields, PUSHED.get)
    assert dict(reversed(asked.fields))["state"] == "s"
    assert dict(reversed(asked.fields))["client_id"] == "c"
    assert not asked.elsewhere


def test_a_request_object_may_be_pushed_itself() -> None:
    pushed: dict[str, Fields] = {URI: (("client_id", "c"), ("request", jwt({"state": "s"})))}
    asked = parameters_of((("client_id", "c"), ("request_uri", URI)), pushed.get)
    assert dict(reversed(asked.fields))["state"] == "s"
    assert not asked.elsewhere
    again: dict[str, Fields] = {URI: (("request_uri", URI), ("state", "s"))}
    assert dict(reversed(parameters_of((("request_uri", URI),), again.get).fields))["state"] == "s"


def test_a_claim_that_is_no_text_is_json_as_in_an_address() -> None:
    asked = parameters_of((("request", jwt({"max_age": 5, "claims": {"a": None}})),), PUSHED.get)
    assert ("max_age", "5") in asked.fields
    assert ("claims", '{"a": null}') in asked.fields


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ((("request_uri", "urn:other"),), "what request_uri names"),
        ((("request", "a.b.c.d.e"),), "the request object"),
        ((("request", "e30.~jar~.sig"),), "the request object"),
        ((("request", "jar~0123456789"),), "the request object"),
        ((("request", jwt(["state"])),), "the request object"),
    ],
)
def test_what_cannot_be_read_is_named(fields: Fields, words: str) -> None:
    asked = parameters_of(fields, PUSHED.get)
    assert asked.fields == fields
    assert asked.elsewhere.startswith(words)
    assert "recording" not in asked.elsewhere, "whoever asks says where it was looked for"


def pushed(answer: bytes, kind: str = FORM) -> tuple[str, Fields] | None:
    request = HttpRequest(
        method="POST", url="https://as.example/par", headers=(("Content-Type", kind),), body=b"a=b"
    )
    return pushed_by(request, HttpResponse(status=201, body=answer))


def test_what_is_pushed_is_known_by_its_answer() -> None:
    assert pushed(b'{"request_uri":"urn:x","expires_in":60}') == ("urn:x", (("a", "b"),))
    assert pushed(b'{"request_uri":"urn:x"}', "application/json") is None
    assert pushed(b'{"request_uri":7}') is None
    assert pushed(b'"request_uri"') is None
    assert pushed(b'{"error":"invalid_request"}') is None
    assert pushed(b'{"request_uri":""}') is None
    assert pushed(b'{"request_uri":"urn:x"}', FORM.upper()) == ("urn:x", (("a", "b"),))


def test_what_was_pushed_and_not_answered_is_not_known() -> None:
    form = (("Content-Type", FORM),)
    request = HttpRequest(method="POST", url="https://as.example/par", headers=form, body=b"a=b")
    assert pushed_by(request, None) is None
    bare = HttpRequest(method="POST", url="https://as.example/par", body=b"a=b")
    assert pushed_by(bare, HttpResponse(status=201, body=b'{"request_uri":"urn:x"}')) is None
