"""The fast path of `token` for each option, variable and time; and what it leaves to others."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from entra_oauth.cache import paths
from entra_oauth.channels.https import trust
from entra_oauth.cli import fast_token
from entra_oauth.protocol.scopes import ALIASES, DATABRICKS
from kit import needs

TENANT, CLIENT, ADA = "Contoso.example", "12A34B56-789c-0d12-e3fa-b456789c0123", "Ada@x.example"
PUBLIC = "https://login.microsoftonline.com"
APP = ["--tenant", TENANT, "--client-id", CLIENT]
ALL = [*APP, "--account", ADA]
KEY = (PUBLIC, TENANT.lower(), CLIENT.lower(), ADA.lower(), DATABRICKS)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Variables of a person who has a folder for tokens, and no profile."""
    folder = tmp_path / "tokens"
    folder.mkdir(mode=0o700)
    config = str(tmp_path / "config.toml")
    return {"ENTRA_OAUTH_CACHE_DIR": str(folder), "ENTRA_OAUTH_CONFIG": config}


def key(home: dict[str, str], *words: str, **variables: str) -> tuple[str, ...] | None:
    """The token that is meant; None if the full program has to tell."""
    place = fast_token.locate(list(words), home | variables)
    return place.key if place is not None else None


# ---- options ----------------------------------------------------------------------------


@pytest.mark.parametrize("quiet", ["-q", "--quiet"])
def test_what_stands_after_quiet_counts(home: dict[str, str], quiet: str) -> None:
    assert key(home, quiet, *ALL) == KEY
    assert key(home, *APP, quiet, "--account", ADA) == KEY
    assert key(home, *ALL, quiet, quiet) == KEY


@pytest.mark.parametrize(
    "more",
    [
        ["--account", ADA],
        [f"--tenant={TENANT}"],
        ["-o", "token", "-o", "token"],
        ["-o", "token", "--output=token"],
        ["--scope", "databricks", "--scope", "databricks"],
    ],
)
def test_an_option_that_is_repeated_goes_to_the_full_program(
    home: dict[str, str], more: list[str]
) -> None:
    assert key(home, *ALL, *more) is None
    assert key(home, *ALL, *more[2:]) is not None or "token" in more


@pytest.mark.parametrize(
    "words",
    [
        ["-xtenant", TENANT],
        ["-account", ADA],
        ["account", ADA],
        ["xxaccount", ADA],
        ["--Account", ADA],
        ["--acc", ADA],
        ["---account", ADA],
        ["-q=x", "--account", ADA],
        ["--account"],
        ["--account="],
        ["--account", ""],
        ["--account", "-q"],
        ["--account=-x"],
        ["--account", f" {ADA}"],
        ["--account", f"{ADA} "],
        ["--account", "a\x1b[31m"],
        ["--account", "a\u202eb"],
    ],
)
def test_what_is_written_otherwise_goes_to_the_full_program(
    home: dict[str, str], words: list[str]
) -> None:
    place = None
    try:
        place = fast_token.locate([*APP, *words], home)
    except OSError:  # without an account: there is no default one
        assert not any("account" in word for word in words)
    assert place is None


def test_the_value_of_an_option_begins_after_its_first_equals_sign(home: dict[str, str]) -> None:
    found = key(home, *APP, "--account=a=b")
    assert found is not None
    assert found[3] == "a=b"


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ([], ""),
        (["-o", "token"], ""),
        (["--output", "header"], "Authorization: Bearer "),
        (["-o=header"], "Authorization: Bearer "),
    ],
)
def test_two_formats_are_printed_at_once(
    home: dict[str, str], words: list[str], start: str
) -> None:
    place = fast_token.locate([*ALL, *words], home)
    assert place is not None
    assert place.start == start
    assert key(home, *ALL, "-o", "json") is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", 1),
        ("999999", 999_999),
        ("000000060", 60),
        ("0000000060", None),
        ("1000000", None),
        ("0", None),
        ("1.5", None),
        ("x", None),
        ("\u0663", None),
        ("\u00b2", None),
    ],
)
def test_a_number_is_1_to_999999_in_digits(
    home: dict[str, str], text: str, seconds: int | None
) -> None:
    for words, variables in (
        (["--min-validity", text], {}),
        ([], {"ENTRA_OAUTH_MIN_VALIDITY": text}),
    ):
        place = fast_token.locate([*ALL, *words], home | variables)
        assert (place.min_validity_s if place else None) == seconds
    assert (key(home, *ALL, "--http-timeout", text) is None) is (seconds is None)


def test_what_only_requests_need_is_of_no_use(home: dict[str, str]) -> None:
    assert key(home, *ALL, "--ca-bundle", "x.pem", "--http-timeout", "5") == KEY
    assert key(home, *ALL, ENTRA_OAUTH_CA_BUNDLE="x", ENTRA_OAUTH_HTTP_TIMEOUT="5") == KEY
    place = fast_token.locate(ALL, home)
    assert place is not None
    assert place.min_validity_s == 300


# ---- variables --------------------------------------------------------------------------


def test_an_option_counts_before_a_variable_and_ours_before_azures(home: dict[str, str]) -> None:
    azure = {"AZURE_TENANT_ID": "az", "AZURE_CLIENT_ID": CLIENT, "AZURE_AUTHORITY_HOST": PUBLIC}
    ours = {"ENTRA_OAUTH_TENANT": "ours"}
    who = ["--account", ADA]

    def tenant(*words: str, **variables: str) -> str:
        found = key(home, *words, *who, **variables)
        assert found is not None
        return found[1]

    assert tenant(**azure) == "az"
    assert tenant(**azure | ours) == "ours"
    assert tenant("--tenant", "given", **azure | ours) == "given"
    assert tenant(**azure | {"ENTRA_OAUTH_TENANT": ""}) == "az"


def test_each_variable_of_azure_is_read(home: dict[str, str]) -> None:
    azure = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}
    there = azure | {"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us"}
    assert key(home, "--account", ADA, **azure) == KEY
    assert key(home, "--account", ADA, **there) == ("https://login.microsoftonline.us", *KEY[1:])


def test_a_variable_that_is_not_known_goes_to_the_full_program(home: dict[str, str]) -> None:
    assert key(home, *ALL, ENTRA_OAUTH_PROCEDURE="article") is None
    assert key(home, *ALL, ENTRA_OAUTHORITY="x", OTHER="x") == KEY
    assert key(home, *APP, ENTRA_OAUTH_ACCOUNT=ADA) == KEY


# ---- values -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "scope", "base", "meant"),
    [
        (None, "databricks", PUBLIC, DATABRICKS),
        (None, "graph", PUBLIC, ALIASES["graph"]),
        (None, "arm", PUBLIC, ALIASES["arm"]),
        (None, "api://x/read", PUBLIC, "api://x/read"),
        ("HTTPS://Login.Example//", "databricks", "https://login.example", DATABRICKS),
        ("http://127.0.0.1:8000", "databricks", "http://127.0.0.1:8000", DATABRICKS),
        ("https://login.example", "graph", None, None),
        ("https://login.example", "arm", None, None),
        ("login.example", "databricks", None, None),
        ("ftp://login.example", "databricks", None, None),
    ],
)
def test_an_authority_and_a_scope_are_meant_as_in_the_full_program(
    home: dict[str, str], host: str | None, scope: str, base: str | None, meant: str | None
) -> None:
    at = ["--authority-host", host] if host is not None else []
    found = key(home, *ALL, *at, "--scope", scope)
    assert (found and (found[0], found[4])) == (base and (base, meant))


def test_without_a_tenant_or_a_client_the_full_program_says_so(home: dict[str, str]) -> None:
    who = ["--account", ADA]
    assert key(home, "--tenant", TENANT, *who) is None
    assert key(home, "--client-id", CLIENT, *who) is None


@pytest.mark.parametrize("profile", ["", "work"])
def test_a_profile_counts_after_options_and_before_azures_variables(
    home: dict[str, str], profile: str
) -> None:
    config = Path(home["ENTRA_OAUTH_CONFIG"])
    config.write_text("# profiles", encoding="utf-8")
    named = ["-p", profile] if profile else []
    line = Path(paths.line_file(home["ENTRA_OAUTH_CACHE_DIR"], "profile", profile))

    def write(*values: str) -> None:
        line.write_text(paths.write_line(*values), encoding="utf-8")
        line.chmod(0o600)

    stamp = paths.stamp(str(config), os.stat(config))
    write(stamp, "", TENANT, CLIENT, ADA, "databricks")
    assert key(home, *named) == KEY
    assert key(home, *named, AZURE_TENANT_ID="az") == KEY
    changed = key(home, *named, "--tenant", "given")
    assert changed is not None
    assert changed[1] == "given"
    write(stamp, "https://login.example", TENANT, CLIENT, ADA, "api://x/y")
    assert key(home, *named) == ("https://login.example", *KEY[1:4], "api://x/y")
    for other in (
        (stamp, "", TENANT, CLIENT, ADA),
        (stamp, "", TENANT, CLIENT, ADA, "databricks", "more"),
        (f"{stamp}x", "", TENANT, CLIENT, ADA, "databricks"),
    ):
        write(*other)
        assert key(home, *named) is None


def test_a_profile_without_a_file_is_the_full_programs_to_miss(home: dict[str, str]) -> None:
    assert key(home, *ALL) == KEY
    assert key(home, *ALL, "--profile", "work") is None
    assert key(home, *ALL, ENTRA_OAUTH_CONFIG="not/absolute") is None
    Path(home["ENTRA_OAUTH_CONFIG"]).write_text("# never read so far", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        key(home, *ALL)


def test_the_account_that_signed_in_last_is_the_default(home: dict[str, str]) -> None:
    app = Path(paths.app_folder(home["ENTRA_OAUTH_CACHE_DIR"], PUBLIC, TENANT, CLIENT))
    app.mkdir(mode=0o700)
    (app / "default").touch(0o600)
    assert key(home, *APP) is None, "it is another file"
    (app / "default").write_text(paths.write_line())
    assert key(home, *APP) is None
    (app / "default").write_text(paths.write_line(ADA))
    assert key(home, *APP) == KEY


@needs.posix
def test_a_folder_that_others_can_read_is_the_full_programs(home: dict[str, str]) -> None:
    assert key(home, *ALL) == KEY
    os.chmod(home["ENTRA_OAUTH_CACHE_DIR"], 0o750)
    assert key(home, *ALL) is None
    assert key(home, *ALL, ENTRA_OAUTH_CACHE_DIR="not/absolute") is None


# ---- the token --------------------------------------------------------------------------

NOW = 1_800_000_000


def kept(home: dict[str, str], left: int, token: str = "eyToken", *words: str) -> fast_token.Place:
    """The place of a token that has so many seconds left at `NOW`; the machine runs for 9,000."""
    place = fast_token.locate([*ALL, *words], home)
    assert place is not None
    Path(place.path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = paths.write_token(place.key, (NOW + left, NOW - 60, 8_940), token, "-")
    Path(place.path).write_text(text, encoding="utf-8")
    Path(place.path).chmod(0o600)
    return place


@pytest.mark.parametrize(
    ("left", "words", "found"),
    [
        (300, [], "eyToken"),
        (299, [], None),
        (61, ["--min-validity", "60"], "eyToken"),
        (59, ["--min-validity", "60"], None),
        (1, ["--min-validity", "1"], "eyToken"),
        (0, ["--min-validity", "1"], None),
        (-5, [], None),
    ],
)
def test_a_token_lasts_as_long_as_was_asked_for(
    home: dict[str, str], left: int, words: list[str], found: str | None
) -> None:
    assert kept(home, left, "eyToken", *words).token(NOW, 9_000) == found


def test_one_that_came_meanwhile_need_only_last(home: dict[str, str]) -> None:
    place = kept(home, 10)
    assert place.token(NOW, 9_000) is None
    assert place.token(NOW, 9_000) is None, "it is the same one"
    kept(home, 1, "eyOther")
    assert place.token(NOW, 9_000) == "eyOther"
    kept(home, 0, "eyGone")
    assert place.token(NOW, 9_000) is None


@needs.posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610])
def test_a_file_that_others_can_read_is_not_read(home: dict[str, str], mode: int) -> None:
    place = kept(home, 900)
    os.chmod(place.path, 0o400)
    assert place.token(NOW, 9_000) == "eyToken"
    os.chmod(place.path, mode)
    assert refused(place)


def test_a_file_is_read_up_to_its_largest_size(home: dict[str, str]) -> None:
    place = kept(home, 900, "")
    room = paths.SIZE_LIMIT - Path(place.path).stat().st_size
    longest = "e" * room
    assert kept(home, 900, longest).token(NOW, 9_000) == longest
    assert refused(kept(home, 900, f"{longest}e"))


def refused(place: fast_token.Place) -> bool:
    try:
        place.token(NOW, 9_000)
    except ValueError:
        return True
    return False


# ---- printing ---------------------------------------------------------------------------


class _Ended(BaseException):
    """The process would have ended."""


class _System:
    """The functions of `os`, with an output of our own and an end that can be seen."""

    def __init__(
        self,
        *,
        terminal: bool = False,
        most: int = 99,
        breaks_after: int = 9,
        how: type[OSError] = BrokenPipeError,
    ) -> None:
        self.out = b""
        self.writes = 0
        self.code: int | None = None
        self._most, self._breaks_after, self._how = most, breaks_after, how
        members = {name: getattr(os, name) for name in dir(os)}
        self.os = SimpleNamespace(
            **members
            | {
                # Where people are told, which is the other, is not asked.
                "isatty": lambda handle: terminal is (handle == 1),
                "write": self._write,
                "_exit": self._exit,
            }
        )

    def _write(self, handle: int, data: bytes) -> int:
        if self.writes == self._breaks_after:
            raise self._how
        self.writes += 1
        assert handle == 1
        self.out += data[: self._most]
        return len(data[: self._most])

    def _exit(self, code: int) -> None:
        self.code = code
        raise _Ended


def printed(
    monkeypatch: pytest.MonkeyPatch, home: dict[str, str], *words: str, **options: Any
) -> _System:
    system = _System(**options)
    system.os.environ = home
    monkeypatch.setattr(fast_token, "os", system.os)
    clock = SimpleNamespace(time=lambda: float(NOW), monotonic=lambda: 9_000.0)
    monkeypatch.setattr(fast_token, "time", clock)
    with suppress(_Ended):
        fast_token.try_token([*ALL, *words])
    return system


@pytest.mark.parametrize("most", [99, 1, 5])
def test_a_token_is_printed_whole_and_the_process_ends(
    monkeypatch: pytest.MonkeyPatch, home: dict[str, str], most: int
) -> None:
    kept(home, 900)
    system = printed(monkeypatch, home, "-o", "header", most=most, breaks_after=99)
    assert (system.out, system.code) == (b"Authorization: Bearer eyToken\n", 0)


def test_at_a_terminal_and_without_a_token_the_full_program_goes_on(
    monkeypatch: pytest.MonkeyPatch, home: dict[str, str]
) -> None:
    nothing = printed(monkeypatch, home)
    monkeypatch.undo()
    kept(home, 900)
    at_terminal = printed(monkeypatch, home, terminal=True)
    unknown = printed(monkeypatch, home, "--unknown")
    for system in (nothing, at_terminal, unknown):
        assert (system.out, system.code) == (b"", None)


def test_a_reader_that_goes_away_is_no_error_and_a_full_disk_is_one(
    monkeypatch: pytest.MonkeyPatch, home: dict[str, str]
) -> None:
    kept(home, 900)
    at_once = printed(monkeypatch, home, breaks_after=0)
    assert (at_once.out, at_once.code) == (b"", None), "the full program says so"
    later = printed(monkeypatch, home, most=3, breaks_after=1)
    assert (later.out, later.code) == (b"eyT", 0)
    full = printed(monkeypatch, home, most=3, breaks_after=1, how=OSError)
    assert (full.out, full.code) == (b"eyT", 1)


@needs.posix
@pytest.mark.parametrize("bundle", [None, "mine.pem"])
def test_the_first_of_many_gets_the_lock_and_goes_on_as_the_full_program(
    bundle: str | None, monkeypatch: pytest.MonkeyPatch, home: dict[str, str]
) -> None:
    begun: list[str | None] = []
    monkeypatch.setattr(trust, "begin_ahead", begun.append)
    place = kept(home, 10)
    Path(place.lock).touch(0o600)
    system = printed(monkeypatch, home, *(["--ca-bundle", bundle] if bundle else []))
    assert (system.out, system.code) == (b"", None)
    handle = paths.held(place.lock)
    assert handle is not None
    os.close(handle)
    assert begun == [bundle], "what it will need is read meanwhile"


@needs.posix
@pytest.mark.parametrize("words", [(), ("--authority-host", "http://localhost:8443")])
def test_no_certificates_are_read_for_another_process_or_a_host_in_the_clear(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, home: dict[str, str]
) -> None:
    begun: list[str | None] = []
    monkeypatch.setattr(trust, "begin_ahead", begun.append)
    place = kept(home, 10, "eyToken", *words)
    Path(place.lock).touch(0o600)
    if not words:
        monkeypatch.setattr(paths, "take_over", lambda lock: False)
        monkeypatch.setattr(paths, "wait_for_holder", lambda lock: None)
    assert printed(monkeypatch, home, *words).out == b""
    if (handle := paths.held(place.lock)) is not None:
        os.close(handle)
    assert begun == []


@needs.posix
@pytest.mark.parametrize("ends", [None, TimeoutError], ids=["the other is done", "it hangs"])
def test_a_wait_for_another_process_leaves_no_timer_behind(
    monkeypatch: pytest.MonkeyPatch, home: dict[str, str], ends: type[Exception] | None
) -> None:
    kept(home, 10)
    set_to, noted = [], []

    def wait(lock: str) -> None:
        set_to.append(signal.getitimer(signal.ITIMER_REAL)[0])
        kept(home, 900, "eyOther")
        if ends is not None:
            raise ends

    monkeypatch.setattr(paths, "take_over", lambda lock: False)
    monkeypatch.setattr(paths, "wait_for_holder", wait)
    monkeypatch.setattr(paths, "note_wait", lambda lock, seconds: noted.append(seconds))
    system = printed(monkeypatch, home)
    assert system.out == (b"eyOther\n" if ends is None else b"")
    assert noted == ([] if ends is None else [fast_token._WAIT_S])
    assert 0 < set_to[0] <= fast_token._WAIT_S
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
