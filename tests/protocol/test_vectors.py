"""Answers in the shapes in which Entra was seen, or is documented, to give them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.errors import AuthorityError
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.device_authorization import DeviceRequest, DeviceResponse
from entra_oauth.protocol.endpoints.token import TokenRequest, TokenResponse
from entra_oauth.protocol.glossary.aadsts import is_dead
from entra_oauth.protocol.messages import HttpRequest
from kit import canaries
from kit.grants import NOW, json_reply, person

FILE = Path(__file__).parents[1] / "vectors" / "entra_answers.json"
VECTORS: dict[str, dict[str, Any]] = {
    each["name"]: each for each in json.loads(FILE.read_text(encoding="utf-8"))
}


def read(vector: dict[str, Any]) -> object:
    """The answer as the reader of that endpoint takes it: a value, or its error."""
    request = TokenRequest.refresh(person(), "1.token")
    if vector["name"].startswith("device code"):
        request = TokenRequest.device(person(), "a-device-code")
    try:
        if vector["endpoint"] == "authorize":
            asked = canaries.article_request()
            url = f"http://localhost/?{vector['query']}&state={canaries.STATE}"
            callback = HttpRequest(method="GET", url=url)
            return AuthorizationResponse.read(callback, answering=asked)
        reply = json_reply(vector["body"], status=vector["status"])
        if vector["endpoint"] == "devicecode":
            first = DeviceRequest(person())
            return DeviceResponse.read(reply, answering=first, received_at=NOW)
        return TokenResponse.read(reply, answering=request, received_at=NOW)
    except AuthorityError as error:
        return error


@pytest.mark.parametrize("name", VECTORS)
def test_an_answer_of_this_shape_is_read(name: str) -> None:
    expected = dict(VECTORS[name]["expect"])
    found = read(VECTORS[name])
    dead = expected.pop("dead", None)
    if dead is not None:
        assert isinstance(found, AuthorityError)
        assert is_dead(found) is dead
    for member, value in expected.items():
        got = getattr(found, member)
        assert (list(got) if isinstance(got, tuple) else got) == value, member
    if isinstance(found, AuthorityError):
        assert found.stage == VECTORS[name]["endpoint"]
        assert found.advice.endswith(".")
        assert "Trace ID" not in str(found)
