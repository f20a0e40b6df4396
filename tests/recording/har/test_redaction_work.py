"""The work of redacting a HAR file grows with the file: counted in lines that are run."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from entra_oauth.recording.har.har_redact import redact_har
from entra_oauth.recording.step import Level

OPAQUE = "Q7-opaque-Value_"


def entry(cookie: str = "", kind: str = "text/html", text: str = "") -> dict[str, Any]:
    headers = [{"name": "Cookie", "value": f"sid={cookie}"}] if cookie else []
    return {
        "request": {"method": "GET", "url": "https://a.example/", "headers": headers},
        "response": {"status": 200, "content": {"mimeType": kind, "text": text}},
    }


def secret(number: int) -> str:
    return f"{OPAQUE}{number:08}"


def _each_in_a_page(count: int) -> list[dict[str, Any]]:
    said = "".join(f"<p>said {secret(number)}</p>" for number in range(count))
    return [entry(secret(n)) for n in range(count)] + [entry(text=f"<html>{said}</html>")]


def _rows(count: int) -> list[dict[str, Any]]:
    rows = [{"id": n, "name": "x", "value": secret(n), "of": [1, "a"]} for n in range(count)]
    return [entry(kind="application/json", text=json.dumps(rows))]


GROWS: dict[str, Callable[[int], list[dict[str, Any]]]] = {
    "entries with cookies of their own": lambda n: [entry(secret(at)) for at in range(n)],
    "secrets, each in a page too": _each_in_a_page,
    "rows of JSON": _rows,
    "members that are left out": lambda n: [{**entry(), f"_of{at}": 1} for at in range(n)],
    "one cookie everywhere": lambda n: [entry(secret(1), text=f"<p>{secret(1)}")] * n,
    "one long page": lambda n: [entry(text="<html>" + "<p class='x'>words &amp; so</p>" * n)],
    "one long text": lambda n: [entry(kind="text/plain", text="some words, and more; " * n)],
    "a text of blanks": lambda n: [entry(kind="text/plain", text=" " * 50 * n + "code=x")],
    "a form": lambda n: [
        entry(kind="application/x-www-form-urlencoded", text="&".join(["a=b%2Fc"] * n))
    ],
    "cookies of one header": lambda n: [entry("; ".join(f"a={secret(at)}" for at in range(n)))],
    "pictures": lambda n: [
        entry(secret(at), kind="image/png", text="\x89PNG\r\n\x1a\n\x00 1") for at in range(n)
    ],
}


def lines_run(entries: list[dict[str, Any]]) -> int:
    count = 0

    def traced(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        redact_har({"log": {"version": "1.2", "entries": entries}}, Level.SECRETS)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", GROWS)
def test_work_grows_with_the_file(name: str) -> None:
    small, large = (lines_run(GROWS[name](count)) for count in (60, 240))
    exponent = math.log(large / small) / math.log(4)
    assert exponent < 1.1, f"{small} lines became {large}"


def test_secrets_do_not_make_other_text_slow() -> None:
    """The same text, beside one secret and beside two hundred."""
    text = [entry(text="<html>" + "<p>some words of a page</p>" * 200)]
    alone = lines_run([entry(secret(1)), *text])
    few = lines_run([entry(secret(at)) for at in range(200)])
    assert lines_run([*(entry(secret(at)) for at in range(200)), *text]) < 1.05 * (alone + few)
