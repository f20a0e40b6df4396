"""What is given to the program: verbs, options, help, and mistakes of every kind."""

from __future__ import annotations

import argparse
import importlib
import json
import re
from pathlib import Path

import pytest

from entra_oauth import __version__
from entra_oauth.cache.profiles import NAMES
from entra_oauth.cli.command_line.argparse_parser import parser_for
from entra_oauth.cli.command_line.arguments import VERB_NAMES
from entra_oauth.cli.command_line.declare import HEADINGS
from entra_oauth.cli.verb_help.contents import CONTENTS, help_of
from kit.command_line import AT_NOBODY, OPTIONS, VERBS, call, error_of

SECRET = "0.ACodeThatNobodyMaySee-1234567890"
ADDRESS = f"http://localhost/?code={SECRET}&state=12345"

# ---- help -------------------------------------------------------------------------


def test_one_key_is_one_option_whatever_verb_has_it() -> None:
    """But for the default, which is the verb's own, all that is said of it is the same."""
    seen: dict[str, set[tuple[object, ...]]] = {}
    for option in (option for options in OPTIONS.values() for option in options):
        marks = (option.name, option.dest, option.kind, option.choices, option.azure, option.most)
        default = () if option.key in ("output", "procedure") else (option.default, option.help)
        seen.setdefault(option.key, set()).add((*marks, *default))
    assert {key for key, marks in seen.items() if len(marks) > 1} == set()


def test_every_verb_that_explains_its_messages_can_record_them() -> None:
    """Both are set up together, for the verbs that record."""
    names = {name: {option.key for option in options} for name, options in OPTIONS.items()}
    explaining = {name for name, keys in names.items() if "live-explain" in keys}
    assert explaining
    assert all("record" in names[name] for name in explaining)


@pytest.mark.parametrize("name", VERBS)
def test_no_option_stands_twice_in_a_verb(name: str) -> None:
    dests = [option.dest for option in OPTIONS[name]]
    flags = [flag for option in OPTIONS[name] for flag in option.flags]
    assert len(dests) == len(set(dests))
    assert len(flags) == len(set(flags))


def test_the_parser_has_no_colours_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.14's has, unless it is told otherwise."""
    made = argparse.ArgumentParser.__init__

    def as_in_3_14(self: argparse.ArgumentParser, **given: object) -> None:
        made(self, **given)  # type: ignore[arg-type]
        self.color = True  # type: ignore[attr-defined,unused-ignore]

    monkeypatch.setattr(argparse.ArgumentParser, "__init__", as_in_3_14)
    parser = parser_for(VERBS["login"])
    assert parser.color is False  # type: ignore[attr-defined,unused-ignore]


ROOT = Path(__file__).parents[3] / "entra_oauth"
READERS = ROOT / "cli" / "command_line"
BAG = re.compile(r"\bNamespace\b|getattr\((args|options)\b")


def test_no_untyped_bag_leaves_the_folder_that_reads_the_command_line() -> None:
    files = [path for path in ROOT.rglob("*.py") if READERS not in path.parents]
    assert len(files) > 200
    assert [path.name for path in files if BAG.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_runs_with_the_options_that_it_declares(name: str) -> None:
    """What `run` says it takes is what the reader makes for it."""
    module = importlib.import_module(f"entra_oauth.cli.{VERBS[name].module}")
    options, session = list(module.run.__annotations__.values())[:2]
    assert VERBS[name].options.__name__ in options.split(" | ")
    assert session == "Session"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"], ["help", "--json"]])
def test_the_help_names_every_verb_and_exit_code(arguments: list[str]) -> None:
    ran = call(*arguments)
    assert (ran.code, ran.err) == (0, "")
    assert all(re.search(rf"^  {name}( |$)", ran.out, re.MULTILINE) for name in VERBS)
    codes = {int(code) for code in re.findall(r"(?<![\w-])(\d+)\s[a-zA-Z]", ran.out)}
    assert codes == {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130, 143}


@pytest.mark.parametrize("columns", ["40", "80", "200", "0", "x"])
@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_a_verb_fits_the_terminal(
    name: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    ran = call(name, "--help")
    assert (ran.code, ran.err) == (0, "")
    text, _, examples = ran.out.partition("\nexamples:\n")
    room = {"40": 40, "80": 80}.get(columns, 100)
    # A command is one line, so that it can be copied.
    usage, *lines = text.splitlines()
    assert f"{usage} ".startswith(f"usage: entra-oauth {name} ")
    assert [line for line in lines if len(line) > room] == []
    assert [line.strip() for line in examples.splitlines()] == list(help_of(name).examples)
    assert all(f"--{option.name}" in text for option in OPTIONS[name])
    headings = [line.removesuffix(":") for line in lines if line.removesuffix(":") in HEADINGS]
    assert headings == sorted(headings, key=HEADINGS.index)
    assert set(headings) == {option.heading for option in OPTIONS[name]}
    assert call("help", name) == call(name, "-h") == ran


def test_the_help_of_the_verbs_is_whole_and_in_their_order() -> None:
    told = [verb for _, verbs in CONTENTS for verb in verbs]
    assert [verb.name for verb in told] == list(VERB_NAMES)
    assert [title for title, _ in CONTENTS if not title] == []
    for verb in told:
        assert verb.summary[-1:] not in ("", "."), verb.name
        assert verb.description.endswith("."), verb.name
        assert verb.takes == "" or verb.takes.endswith("."), verb.name
        assert verb.examples, verb.name
        assert "\n" not in "".join(verb.examples), verb.name


@pytest.mark.parametrize("columns", ["40", "80"])
def test_the_whole_help_fits_the_terminal(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = [line for line in call("--help").out.splitlines() if "  shows the" not in line]
    assert [line for line in lines if len(line) > int(columns)] == []


def test_every_summary_begins_in_the_same_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = call("--help").out.partition("\n\nentra-oauth VERB")[0]
    starts = {len(line) - len(line.lstrip()) for line in listed.splitlines()}
    assert starts == {0, 2, 18}
    for name in VERB_NAMES:
        summary = help_of(name).summary[:20]
        beside = f"  {name:<15} {summary}"
        below = f"  {name}\n{' ' * 18}{summary}"
        assert (beside if len(name) <= 15 else below) in listed


@pytest.mark.parametrize("name", VERBS)
def test_help_wins_over_mistakes_beside_it(name: str) -> None:
    assert call(name, "--nonsense", "--help").code == 0


@pytest.mark.parametrize("arguments", [["--version"], ["-V"]])
def test_the_version(arguments: list[str]) -> None:
    assert call(*arguments) == call("--version")
    assert call(*arguments).out == f"entra-oauth {__version__}\n"


def test_the_help_of_an_option_names_its_choices_and_its_default() -> None:
    assert OPTIONS
    for option in (option for options in OPTIONS.values() for option in options):
        shown = f"{option.metavar} {option.help}"
        assert all(choice in shown for choice in option.choices), option
        if option.default not in (None, False, ()):
            default = option.default[0] if isinstance(option.default, tuple) else option.default
            assert f"(default: {default})" in option.help


# ---- mistakes -----------------------------------------------------------------------

LOGIN = ("login", *AT_NOBODY)

MISTAKES: list[tuple[tuple[str, ...], str, str]] = [
    (("lgoin",), "There is no verb lgoin.", "Did you mean login?"),
    (("log",), "There is no verb log.", "Did you mean login?"),
    (("Login",), "There is no such verb.", "entra-oauth --help"),
    (("",), "There is no such verb.", "entra-oauth --help"),
    (("--quiet",), "There is no verb --quiet.", "entra-oauth --help"),
    ((ADDRESS,), "There is no such verb.", "entra-oauth --help"),
    (("-v",), "There is no verb -v.", "Did you mean --version?"),
    (("--versoin",), "There is no verb --versoin.", "Did you mean --version?"),
    (("practice", "clock", "-2h"), "such an option.", "entra-oauth practice clock -- -2h"),
    (("help", "lgoin"), "There is no verb lgoin.", "Did you mean login?"),
    (("help", "audit", "shwo"), "There is no audit shwo.", "Did you mean show?"),
    (("profile", "set", "work", "tenat=x"), "no value of a profile: tenat.", "mean tenant? Write"),
    (("profile", "set", "work", SECRET), "That is no value of a profile.", "Write NAME=VALUE"),
    (("audit", "shwo"), "There is no audit shwo.", "Did you mean show? Use entra-oauth audit"),
    (("audit", "-x"), "audit needs to know what to do.", "entra-oauth audit show"),
    (("lab", "1", "off"), "lab takes one LAB; more words", "The halves are options"),
    (("lab", "check", "me1.py"), "Which lab me1.py belongs to", "lab check 1 me1.py"),
    (("audit", "import", "x.har", "rec9"), "takes one FILE; more words", "goes after -o"),
    (("audit", "seal", "rec", "extra"), "takes one DIR; more words", "goes after --key"),
    (("exchange",), "No request on this machine is waiting", "entra-oauth authorize-url"),
    (("login", "--nonsense"), "login does not have an option --nonsense.", "login --help"),
    (("login", "--ten", "x"), "login does not have an option --ten.", "Did you mean --tenant?"),
    (("login", "--client_id=x"), "login does not have an option --client_id.", "--client-id?"),
    (("login", "--state=x"), "login does not have an option --state.", "login --help"),
    (("demo", "--tenant", "x"), "demo does not have an option --tenant.", "demo --help"),
    (("login", f"--{SECRET}"), "login does not have such an option.", "login --help"),
    (("login", ADDRESS), "login takes options only; something else was given.", "login --help"),
    (("mirror", "--", "--x"), "mirror does not have an option --x.", "mirror --help"),
    (("exchange", ADDRESS), "exchange takes options only", "sign in again"),
    (("decode", SECRET), "decode takes options only", "read from a prompt"),
    (("login", "--tenant"), "Argument --tenant: expected one argument.", "--option=-value"),
    (("login", "--json=1"), "Argument --json: it takes no value.", "login --help"),
    (("login", f"--quiet={SECRET}"), "Argument -q/--quiet: it takes no value.", "login --help"),
    (("practice",), "practice needs to know what to do.", "practice serve, run, fault or clock."),
    (("practice", SECRET), "practice needs to know what to do.", "entra-oauth practice serve"),
    (("practice", "serve", SECRET), "practice serve takes options only", "practice serve --help"),
    (("practice", "run"), "practice run needs a program to run.", "after two dashes"),
    (("practice", "run", "--"), "practice run needs a program to run.", "after two dashes"),
    (("practice", "run", "ls"), "its program after two dashes", "practice run -- PROGRAM"),
    (("run", SECRET), "run takes its program after two dashes", "entra-oauth run -- PROGRAM"),
    ((*LOGIN, "--paste", ADDRESS), "--paste takes no address", "Sign in again"),
    (("login",), "No client id was given.", "--client-id or AZURE_CLIENT_ID"),
    (("login", "--client-id", "x"), "No tenant was given.", "entra-oauth demo"),
    (("login", "--tenant", "", "--client-id", "x"), "--tenant is empty.", "leave it out"),
    ((*LOGIN, "--scope", " "), "--scope is empty.", "leave it out"),
    ((*LOGIN, "--authority-host", ""), "--authority-host is empty.", "leave it out"),
    ((*LOGIN, "--redirect-uri", ""), "--redirect-uri is empty.", "leave it out"),
    ((*LOGIN, "--browser="), "--browser is empty.", "leave it out"),
    ((*LOGIN, "--port", ""), "--port is empty.", "leave it out"),
    ((*LOGIN, "--port", "0"), "--port is not a whole number from 1 to 65535.", "in that range"),
    ((*LOGIN, "--port", "65536"), "--port is not a whole number from 1 to 65535.", "in that range"),
    ((*LOGIN, "--port", "-1"), "--port is not a whole number from 1 to 65535.", "in digits"),
    ((*LOGIN, "--port", "8e3"), "--port is not a whole number from 1 to 65535.", "in digits"),
    ((*LOGIN, "--port", "８０"), "--port is not a whole number from 1 to 65535.", "in digits"),
    ((*LOGIN, "--port", "9" * 5000), "--port is not a whole number", "in digits"),
    ((*LOGIN, "--timeout", "1.5"), "--timeout is not a whole number", "in digits"),
    ((*LOGIN, "--timeout", "2w"), "--timeout is not a whole number", "2h and 1d"),
    ((*LOGIN, "--timeout", "0s"), "--timeout is not a whole number", "2h and 1d"),
    ((*LOGIN, "--timeout", "99d"), "--timeout is not a whole number", "2h and 1d"),
    ((*LOGIN, "--port", "2h"), "--port is not a whole number from 1 to 65535.", "in digits"),
    ((*LOGIN, "--timeout", "1000000"), "--timeout is not a whole number", "in digits"),
    ((*LOGIN, "--http-timeout", "nan"), "--http-timeout is not a whole number", "in digits"),
    (("practice", "serve", "--port", "0"), "--port is not a whole number", "in digits"),
    ((*LOGIN, "--prompt", SECRET), "--prompt has a value that is not known.", "select_account"),
    ((*LOGIN, "--cloud", "mars"), "--cloud has a value that is not known: mars.", "usgov"),
    ((*LOGIN, "--cloud", "us"), "not known: us.", "Did you mean usgov? Use one of public"),
    ((*LOGIN, "--cloud", "chna"), "not known: chna.", "Did you mean china? Use one of public"),
    ((*LOGIN, "--cloud", "a\u202eb"), "not known: a<U+202E>b.", "Use one of public"),
    ((*LOGIN, "--flow", "device"), "not known: device.", "Did you mean device-code? Use one"),
    ((*LOGIN, "--prompt", "select-acount"), "not known:", "Did you mean select_account?"),
    (("audit", "lint", "rec", "-o", "sarf"), "not known: sarf.", "Did you mean sarif?"),
    ((*LOGIN, "-o", "xml"), "--output has a value that is not known: xml.", "header"),
    (("explain", "a", SECRET), "That is no error, parameter or claim", "the whole error message"),
    (("lab", "1", "x"), "lab takes one LAB; more words were given.", "lab --help"),
    (("api", "GET", "--quiet", "/x"), "api takes METHOD PATH in one place; a word", "side by side"),
    ((*LOGIN, "--response-mode", "fragment"), "--response-mode has a value", "form_post"),
    ((*LOGIN, "--cloud", "china"), "--cloud and --authority-host exclude each other.", "one"),
    ((*LOGIN, "--browser", "x", "--no-browser"), "--browser and --no-browser exclude", "one"),
    ((*LOGIN, "--listen", "127.0.0.2", "--paste"), "--listen and --paste exclude", "one"),
    ((*LOGIN, "--tenant", "a/b"), "The tenant is neither a GUID nor a domain", "Overview"),
    ((*LOGIN, "--tenant", "../x"), "The tenant is neither a GUID nor a domain", "Overview"),
    ((*LOGIN, "--authority-host", "http://evil.example"), "plain http and not on this", "https"),
    ((*LOGIN, "--authority-host", "ftp://localhost"), "not an https URL", "https://host"),
    ((*LOGIN, "--authority-host", "https://a@b"), "more than scheme, host and port", "https"),
    ((*LOGIN, "--authority-host", "https://[::1"), "The authority host is not a URL.", "https"),
    ((*LOGIN, "--redirect-uri", "http://["), "The redirect URI is not a URL.", "registered"),
    ((*LOGIN, "--redirect-uri", "localhost"), "not an absolute http URL.", "registered"),
    ((*LOGIN, "--redirect-uri", "http://evil.example"), "plain http and not on", "registered"),
    ((*LOGIN, "--redirect-uri", "http://localhost/#"), "a part after a #", "registered"),
    ((*LOGIN, "--redirect-uri", "http://localhost:1", "--port", "2"), "names port 1", "one place"),
    ((*LOGIN, "--scope", "a b\\c"), "A scope holds a character", "plain ASCII"),
    ((*LOGIN, "--scope", "graph", "--scope", "arm"), "belong to 2 resources", "each resource"),
    ((*LOGIN, "--no-browser", "--response-mode", "form_post"), "nothing to paste", "Leave"),
    ((*LOGIN, "--paste", "--response-mode", "form_post"), "nothing to paste", "Leave"),
    (("mirror", *AT_NOBODY, "--print", "--prove"), "--print and --prove exclude", "one"),
    (("mirror", *AT_NOBODY, "--print", "-o", "token"), "With --print there is no token", "Leave"),
    (("mirror", "--prove", "-o", "header"), "With --prove there is no token", "Leave"),
    (("mirror", *AT_NOBODY, "--listen", "0.0.0.0"), "has no PKCE", "entra-oauth login"),
    (("authorize-url", *AT_NOBODY, "--response-mode", "form_post"), "nothing to paste", "Leave"),
    (("authorize-url", *AT_NOBODY, "--procedure", "none"), "--procedure has a value", "hardened"),
    (
        ("authorize-url", *AT_NOBODY, "--procedure", "hardened", "--state", "x"),
        "A state was given for the hardened procedure.",
        "Leave --state out",
    ),
    (("exchange", "--tenant", "common"), "--tenant goes with --state only.", "Leave it out"),
    (("exchange", "--state", "x"), "No client id was given.", "--client-id"),
    (("exchange", "--state", ""), "--state is empty.", "leave it out"),
]


@pytest.mark.parametrize(("arguments", "said", "advised"), MISTAKES)
def test_a_mistake_is_one_sentence_and_one_next_step_and_nothing_is_repeated(
    arguments: tuple[str, ...], said: str, advised: str
) -> None:
    ran = call(*arguments)
    what, advice = error_of(ran)
    assert (ran.code, ran.out) == (2, "")
    assert said in what
    assert advised in advice
    assert SECRET not in ran.err
    assert len(ran.err.splitlines()) == 2


TEXTS = [
    "tenant",
    "client-id",
    "scope",
    "authority-host",
    "redirect-uri",
    "listen",
    "login-hint",
    "domain-hint",
    "browser",
    "ca-bundle",
    "state",
    "port",
    "prompt",
]


@pytest.mark.parametrize("control", ["\n", "\r", "\t", "\x1b[31m", "\x7f", "\x9b", "\udc80"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_control_character_in_any_value_is_refused_and_not_shown(name: str, control: str) -> None:
    ran = call("mirror", *AT_NOBODY, f"--{name}", f"a{control}b")
    what, _ = error_of(ran)
    assert (ran.code, ran.out) == (2, "")
    assert what == f"--{name} holds a control character."


JSON = [["--json"], ["-o", "json"], ["-ojson"], ["--output=json"], ["--output", "json"]]


@pytest.mark.parametrize("options", JSON)
def test_with_json_a_mistake_is_one_object(options: list[str]) -> None:
    for arguments in (["login", *options], ["login", *options, "--nonsense"], ["lo", *options]):
        ran = call(*arguments)
        said = json.loads(ran.err)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.count("\n") == 1
        assert set(said) == {"schema", "kind", "what", "next", "exit_code"}
        assert (said["schema"], said["kind"]) == ("entra-oauth/error/1", "UsageError")
        assert said["exit_code"] == 2


def test_json_beside_another_format_is_a_mistake_told_as_json() -> None:
    said = json.loads(call("login", "--json", "-o", "token").err)
    assert said["what"] == "--json and --output token exclude each other."


def test_the_help_of_profile_set_names_every_key() -> None:
    told = set(re.findall(r"[a-z_]+", help_of("profile set").description))
    assert set(NAMES) <= told
