"""The search for planted secrets finds each spelling that it says it finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweep import ENCODINGS, found_in_bytes, found_in_files

SECRET = 'S3cret/+="<&> ~value-1234567890'


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_planted_secret_is_found_in_each_spelling(name: str, tmp_path: Path) -> None:
    data = b"before..." + ENCODINGS[name](SECRET) + b"...after"
    assert found_in_bytes(data, [SECRET, "another secret value"]) == [SECRET]
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(data)
    assert len(found_in_files(tmp_path, [SECRET])) == 1


def test_nothing_is_found_where_nothing_is() -> None:
    assert found_in_bytes(b"S3cret value 1234567890", [SECRET]) == []
