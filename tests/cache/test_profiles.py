"""The profiles of a person: which one is chosen, and what a file may be that people write."""

from __future__ import annotations

from pathlib import Path

import pytest

from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.errors import UsageError
from kit import canaries


def _profiles(folder: Path, text: str) -> Profiles:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return Profiles(str(path))


TWO = 'default_profile = "work"\n[profile.work]\ntenant = "a"\n[profile.home]\ntenant = "b"\n'


@pytest.mark.parametrize(("named", "chosen"), [(None, "work"), ("work", "work"), ("home", "home")])
def test_a_name_counts_before_the_default(named: str | None, chosen: str, tmp_path: Path) -> None:
    found = _profiles(tmp_path, TWO).get(named)
    assert found is not None
    assert found.name == chosen


@pytest.mark.parametrize("text", ["", "profile = 5", 'profile = ["work"]', "[profile]\nwork = 5"])
def test_a_file_without_a_profile_has_none_whatever_else_is_in_it(
    text: str, tmp_path: Path
) -> None:
    profiles = _profiles(tmp_path, text)
    assert profiles.get(None) is None
    with canaries.refused(UsageError):
        profiles.get("work")


def test_a_profile_is_put_used_and_deleted_in_the_file(tmp_path: Path) -> None:
    profiles = _profiles(tmp_path, TWO)
    profiles.put(Profile("more", {"tenant": "c"}))
    assert (profiles.names(), profiles.default()) == (("work", "home", "more"), "work")
    profiles.use("home")
    assert profiles.default() == "home"
    profiles.put(Profile("last", {"tenant": "d"}), as_default=True)
    assert profiles.default() == "last"
    profiles.delete("work")
    assert (profiles.names(), profiles.default()) == (("home", "more", "last"), "last")
    profiles.delete("last")
    assert (profiles.names(), profiles.default()) == (("home", "more"), None)


def test_the_only_profile_is_the_default_one(tmp_path: Path) -> None:
    profiles = Profiles(str(tmp_path / "config.toml"))
    profiles.put(Profile("one", {"tenant": "a"}))
    profiles.put(Profile("two", {"tenant": "b"}))
    assert profiles.default() == "one"
