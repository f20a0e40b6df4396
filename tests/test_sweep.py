"""The search for planted secrets finds them."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from kit.sweep import ENCODINGS, found_in_bytes, found_in_files, swept

SECRET = "0.Planted/Secret+With~Some=Signs_0123456789"
HIDDEN = [
    SECRET.encode(),
    quote(SECRET, safe="").encode(),
    quote(quote(SECRET, safe=""), safe="").encode(),
    json.dumps({"a": SECRET.replace("/", "\\u002f")}).replace("\\\\u", "\\u").encode(),
    SECRET.replace("/", "&#47;").replace("+", "&#x2b;").encode(),
    base64.b64encode(b"1" + SECRET.encode()),
    base64.b64encode(b"12" + SECRET.encode()),
    base64.urlsafe_b64encode(b"123" + SECRET.encode()),
    SECRET.encode().hex().encode(),
    b"x" + gzip.compress(b"a=" + SECRET.encode(), mtime=0),
    base64.b64encode(gzip.compress(SECRET.encode(), mtime=0)),
]


@pytest.mark.parametrize("data", HIDDEN)
def test_the_sweep_finds_what_is_hidden(data: bytes) -> None:
    assert swept(b"before " + data + b" after", [SECRET])


def test_the_sweep_finds_nothing_where_nothing_is() -> None:
    assert swept(SECRET[::-1].encode(), [SECRET]) == []


OTHER = 'S3cret/+="<&> ~value-1234567890'


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_planted_secret_is_found_in_each_spelling(name: str, tmp_path: Path) -> None:
    data = b"before..." + ENCODINGS[name](OTHER) + b"...after"
    assert found_in_bytes(data, [OTHER, "another secret value"]) == [OTHER]
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(data)
    assert len(found_in_files(tmp_path, [OTHER])) == 1


def test_no_spelling_is_found_where_none_is() -> None:
    assert found_in_bytes(b"S3cret value 1234567890", [OTHER]) == []
