"""The profiles of a person: which one is chosen, and what a file may be that people write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.errors import LocalError, UsageError
from kit import canaries, needs


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


def test_a_value_is_one_text_or_a_list() -> None:
    profile = Profile("work", {"tenant": "a", "scope": ("x", "y"), "also": "z"})
    assert (profile.text("tenant"), profile.text("scope"), profile.text("none")) == (
        "a",
        None,
        None,
    )
    assert [profile.texts(name) for name in ("scope", "also", "hosts")] == [("x", "y"), ("z",), ()]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('password = "x"', "has no value password."),
        (f'{"n" * 40} = "x"', f"has no value {'n' * 40}."),
        (f'{"n" * 41} = "x"', f"has no value {'n' * 40}…."),
        ("tenant = 5", "The value tenant"),
        ('tenant = ""', "The value tenant"),
        ('tenant = ["a"]', "The value tenant"),
        ('scope = ""', "The value scope"),
        ('scope = ["a", 5]', "The value scope"),
        ('scope = ["a", ""]', "The value scope"),
        ("scope = {}", "The value scope"),
    ],
)
def test_a_value_that_no_profile_has_is_named(tmp_path: Path, line: str, said: str) -> None:
    profiles = _profiles(tmp_path, f"[profile.work]\n{line}\n")
    with canaries.refused(UsageError) as caught:
        profiles.get("work")
    assert said in caught.value.what


def test_lists_may_be_one_text_and_come_back_as_they_were(tmp_path: Path) -> None:
    profiles = _profiles(tmp_path, '[profile.work]\nscope = "a"\nhosts = []\n')
    found = profiles.get("work")
    assert found is not None
    assert found.values == {"scope": ("a",), "hosts": ()}
    profiles.put(Profile("more", {"scope": ("x", 'y"\\'), "tenant": "ä😀"}))
    again = profiles.get("more")
    assert again is not None
    assert again.values == {"scope": ("x", 'y"\\'), "tenant": "ä😀"}


@pytest.mark.parametrize(
    ("name", "good"),
    [("a", True), ("a" * 64, True), ("a.b-c_d", True), ("a" * 65, False), ("", False)]
    + [(name, False) for name in (".a", "-a", "a b", "a]", 'a"', "a\n")],
)
def test_a_name_is_of_letters_and_at_most_64_of_them(tmp_path: Path, name: str, good: bool) -> None:
    profiles = Profiles(str(tmp_path / "config.toml"))
    if not good:
        with canaries.refused(UsageError):
            profiles.put(Profile(name, {"tenant": "a"}))
        assert not (tmp_path / "config.toml").exists()
        return
    profiles.put(Profile(name, {"tenant": "a"}))
    profiles.put(Profile(name, {"tenant": "b"}))
    assert profiles.names() == (name,)
    found = profiles.get(name)
    assert found is not None
    assert found.text("tenant") == "b"
    profiles.delete(name)
    assert profiles.names() == ()


@pytest.mark.parametrize(("length", "shown"), [(64, "n" * 64), (65, "n" * 64 + "…")])
def test_a_profile_that_is_not_there_is_named_beside_those_that_are(
    tmp_path: Path, length: int, shown: str
) -> None:
    with canaries.refused(UsageError) as caught:
        _profiles(tmp_path, TWO).get("n" * length)
    assert f"({shown})" in caught.value.what
    assert "work, home" in caught.value.advice
    with canaries.refused(UsageError) as caught:
        _profiles(tmp_path, "").get("work")
    assert "none yet" in caught.value.advice


@pytest.mark.parametrize("change", ["put", "use", "delete"])
def test_a_file_that_cannot_be_changed_line_by_line_stays_as_it_is(
    tmp_path: Path, change: str
) -> None:
    text = 'profile.work = {tenant = "a"}\nother = """\n[profile.home]\n"""\n'
    text += '[profile.home]\ntenant = "b"\n'
    inline = 'profile = {work = {tenant = "a"}}\n'
    quoted = '"default_profile" = "work"\n' + TWO.partition("\n")[2]
    profiles = _profiles(tmp_path, {"put": inline, "use": quoted, "delete": text}[change])
    acts: dict[str, Callable[[], None]] = {
        "put": lambda: profiles.put(Profile("work", {"tenant": "c"})),
        "use": lambda: profiles.use("home"),
        "delete": lambda: profiles.delete("home"),
    }
    before = Path(profiles.path).read_text(encoding="utf-8")
    with canaries.refused(UsageError) as caught:
        acts[change]()
    assert "cannot be changed from here" in caught.value.what
    assert Path(profiles.path).read_text(encoding="utf-8") == before


TABLE = '[other]\ndefault_profile = "x"\n'


def test_the_line_of_the_default_is_the_first_and_no_other(tmp_path: Path) -> None:
    profiles = _profiles(tmp_path, TWO + TABLE)
    assert profiles.without_default() == TWO.partition("\n")[2] + TABLE
    profiles.use("home")
    assert profiles.default() == "home"
    assert Path(profiles.path).read_text(encoding="utf-8").endswith(TABLE)
    profiles.delete("home")
    assert profiles.default() is None
    assert Path(profiles.path).read_text(encoding="utf-8").endswith(TABLE)


@pytest.mark.parametrize("text", ["rubbish", '"default_profile" = "work"\n', "a = " + "[" * 9999])
def test_what_cannot_be_read_without_its_default_is_not_handed_on(
    tmp_path: Path, text: str
) -> None:
    assert _profiles(tmp_path, text).without_default() == ""


@pytest.mark.parametrize("content", [b"\xff", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "config.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    profiles = Profiles(str(path))
    with canaries.refused(LocalError) as caught:
        profiles.names()
    assert str(path) in caught.value.what
    assert ("not UTF-8" in caught.value.what) is (content is not None)
    assert profiles.without_default() == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rubbish", "are not TOML: "),
        ("a = " + "[" * 9999, "nested too deeply"),
        ("a = 1" + "0" * 5000, "out of all range"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    profiles = _profiles(tmp_path, text)
    for look in (profiles.names, profiles.default, lambda: profiles.get(None)):
        with canaries.refused(UsageError) as caught:
            look()
        assert profiles.path in caught.value.what
        assert said in caught.value.what


def test_blanks_alone_are_no_profiles(tmp_path: Path) -> None:
    profiles = _profiles(tmp_path, " \n\n")
    assert (profiles.names(), profiles.default(), profiles.get(None)) == ((), None, None)
    profiles.put(Profile("work", {"tenant": "a"}))
    expected = 'default_profile = "work"\n[profile.work]\ntenant = "a"\n'
    assert Path(profiles.path).read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    "values",
    [{"password": "x"}, {"tenant": ("a",)}, {"tenant": ""}, {"scope": ("a", "")}]
    + [{"tenant": "\udcff"}, {"tenant": "\x7f"}],
)
def test_what_no_profile_can_hold_is_not_written(
    tmp_path: Path, values: dict[str, str | tuple[str, ...]]
) -> None:
    profiles = _profiles(tmp_path, TWO)
    with canaries.refused(UsageError):
        profiles.put(Profile("more", values))
    assert Path(profiles.path).read_text(encoding="utf-8") == TWO


@pytest.mark.parametrize(
    "header",
    ["[profile.work]", "  [profile.work]  ", "\t[profile.work] # mine", '[profile."work"]']
    + ["[profile.'work']#mine"],
)
def test_a_table_is_found_however_its_header_is_written(tmp_path: Path, header: str) -> None:
    rest = '# about home\n[profile.home] # [profile.work]\ntenant = "b"\n[profile.workshop]\n'
    profiles = _profiles(tmp_path, f'{header}\ntenant = "a"\n{rest}')
    profiles.delete("work")
    kept = Path(profiles.path).read_text(encoding="utf-8")
    assert kept == rest.partition("\n")[2]


@pytest.mark.parametrize(
    "environ", [{"ENTRA_OAUTH_CONFIG": "not/whole"}, {"ENTRA_OAUTH_CONFIG": "~"}]
)
def test_without_a_whole_path_there_is_no_file(environ: dict[str, str], tmp_path: Path) -> None:
    path = str(tmp_path / "config.toml")
    assert Profiles.standard({"ENTRA_OAUTH_CONFIG": path}).path == path
    with canaries.refused(LocalError) as caught:
        Profiles.standard(environ)
    assert "is not a whole path" in caught.value.what


def test_what_is_not_there_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    profiles = _profiles(tmp_path, '[profile.home]\ntenant = "b"\n')
    before = Path(profiles.path).read_text(encoding="utf-8")
    for act in (profiles.get, profiles.use, profiles.delete):
        with canaries.refused(UsageError):
            act("none")
    assert Path(profiles.path).read_text(encoding="utf-8") == before


@needs.posix
def test_a_folder_is_made_for_the_file_and_one_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Profiles(str(tmp_path / "config.toml")).put(Profile("work", {"tenant": "a"}))
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    made = Profiles(str(tmp_path / "a" / "b" / "config.toml"))
    made.put(Profile("work", {"tenant": "a"}))
    assert made.names() == ("work",)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


@needs.posix
def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "config.toml").symlink_to(tmp_path / "repository" / "mine.toml")
    profiles = Profiles(str(tmp_path / "config.toml"))
    profiles.put(Profile("work", {"tenant": "a"}))
    assert (tmp_path / "config.toml").is_symlink()
    assert "work" in (tmp_path / "repository" / "mine.toml").read_text(encoding="utf-8")
