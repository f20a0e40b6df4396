"""The completion scripts, in the shells themselves."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from entra_oauth.cli.shell_completion.known_words import KnownWords
from entra_oauth.cli.shell_completion.scripts import quoted
from entra_oauth.cli.verbs.get_tokens_verbs import LoginOptions
from kit import needs
from kit.command_line import OPTIONS, VERBS, call, error_of
from kit.processes.terminal_screen import Screen

SHELLS = ("bash", "zsh", "fish", "powershell")

# what is typed, and all that fits
TYPED = [
    (["lo"], ["login", "logout"]),
    (["audit", "l"], ["lint", "lock"]),
    (["audit", "re"], ["redact", "replay"]),
    (["login", "--fl"], ["--flow"]),
    (["login", "--flow", "de"], ["device-code"]),
    (["token", "-o", "header"], ["header"]),
    (["audit", "lint", "-o", ""], ["json", "jsonl", "sarif", "sarif-full", "text"]),
    (["audit", "lint", "--fail-on", ""], ["error", "note", "warning"]),
    (["lab", "--o"], ["--off", "--on"]),
    (["lab", ""], ["check", "list"]),
    (["practice", "run", "--us"], ["--user"]),
]


def script(shell: str) -> str:
    ran = call("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "script"


# ---- bash -----------------------------------------------------------------------------


def _bash(file: Path, words: list[str], *, folder: Path | None = None) -> list[str]:
    file.write_text(script("bash"), encoding="utf-8")
    typed = " ".join(map(quoted, ["entra-oauth", *words]))
    program = (
        f"source {quoted(str(file))}\nCOMP_WORDS=({typed})\nCOMP_CWORD={len(words)}\n"
        '_entra_oauth\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-u", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    assert done.stderr == ""
    return sorted(filter(None, done.stdout.split("\n")))


@needs.program("bash")
@pytest.mark.parametrize(("words", "expected"), TYPED, ids=lambda each: " ".join(each))
def test_bash_completes_what_is_declared(file: Path, words: list[str], expected: list[str]) -> None:
    assert _bash(file, words) == expected


@needs.program("bash")
def test_bash_completes_a_value_after_an_equals_sign(file: Path) -> None:
    assert _bash(file, ["login", "--flow", "=", "de"]) == ["device-code"]
    assert "password" in _bash(file, ["login", "--flow", "="])


@needs.program("bash")
@pytest.mark.parametrize("name", VERBS)
def test_bash_knows_every_option_of_every_verb(file: Path, name: str) -> None:
    flags = {flag for option in OPTIONS[name] for flag in option.flags}
    assert set(_bash(file, [*name.split(), "-"])) == {*flags, "--help"}


@needs.program("bash")
@pytest.mark.parametrize(
    "words",
    [
        ["practice", "run", "--", "ls", "--"],
        ["nonsense", "--"],
        ["login", "--tenant", ""],
        ["login", "$(touch made)"],
        ["login", "`touch made`", "--flow", "$(touch made)"],
        ["$(touch made)", "--"],
    ],
)
def test_bash_says_nothing_where_there_is_nothing_and_runs_nothing(
    file: Path, tmp_path: Path, words: list[str]
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert _bash(file, words, folder=folder) == []
    assert list(folder.iterdir()) == []


# ---- a person at a terminal -----------------------------------------------------------


def _typed(shell: list[str], start: str, keys: str, expected: str) -> None:
    with Screen(shell, env={"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": "/"}) as screen:
        screen.write(f"PS1='ready''> '\n{start}\n")
        screen.wait_for("ready> ")
        screen.write("echo set''tled\n")
        screen.wait_for("settled")
        screen.write(keys)
        screen.wait_for(expected)


KEYS = [
    ("entra-oauth login --flow dev\t", "device-code"),
    ("entra-oauth login --flow=dev\t", "--flow=device-code"),
    ("entra-oauth audit lint --fail-on warn\t", "warning"),
    ("entra-oauth practice ser\t--proxy\t", "--proxy-port"),
    ("entra-oauth lab che\t", "lab check"),
]


@needs.posix
@needs.program("bash")
@pytest.mark.parametrize(("keys", "expected"), KEYS)
def test_a_person_at_bash_presses_the_tab_key(file: Path, keys: str, expected: str) -> None:
    file.write_text(script("bash"), encoding="utf-8")
    _typed(["bash", "--norc", "--noprofile", "-i"], f"source {file}", keys, expected)


@needs.posix
@needs.program("zsh")
@pytest.mark.parametrize(("keys", "expected"), KEYS)
def test_a_person_at_zsh_presses_the_tab_key(file: Path, keys: str, expected: str) -> None:
    file.write_text(script("zsh"), encoding="utf-8")
    start = f"autoload -Uz compinit; compinit -D -u; source {file}"
    _typed(["zsh", "-f", "-i"], start, keys, expected)


@needs.posix
@needs.program("zsh")
def test_zsh_takes_the_script_as_a_file_of_its_path(tmp_path: Path) -> None:
    (tmp_path / "_entra-oauth").write_text(script("zsh"))
    start = f"fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -D -u"
    _typed(["zsh", "-f", "-i"], start, "entra-oauth login --flow dev\t", "device-code")


@needs.program("zsh")
@pytest.mark.parametrize("name", VERBS)
def test_zsh_offers_every_option_of_every_verb(file: Path, name: str) -> None:
    """With its own `compadd` in the place of zsh's, which works in an editor only."""
    file.write_text(script("zsh"), encoding="utf-8")
    typed = " ".join(map(quoted, ["entra-oauth", *name.split(), "-"]))
    program = (
        "compdef() { :; }; _default() { :; }; compadd() { print -l -- ${(P)${@[-1]}} }\n"
        f"source {file}\nwords=({typed}); CURRENT={len(name.split()) + 2}; PREFIX=-\n"
        "_entra_oauth\n"
    )
    done = subprocess.run(["zsh", "-f", "-c", program], capture_output=True, text=True, check=True)
    flags = {flag for option in OPTIONS[name] for flag in option.flags}
    assert (done.stderr, set(done.stdout.split())) == ("", {*flags, "--help"})


# ---- fish -----------------------------------------------------------------------------


def _fish(file: Path, line: str) -> list[str]:
    file.write_text(script("fish"), encoding="utf-8")
    program = f"source {file}; complete --do-complete {quoted(line)}"
    done = subprocess.run(
        ["fish", "--no-config", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        # fish makes folders of its own wherever these point.
        env={"PATH": os.environ["PATH"], "HOME": str(file.parent)},
    )
    assert done.stderr == ""
    return sorted(each.partition("\t")[0] for each in done.stdout.splitlines())


@needs.program("fish")
@pytest.mark.parametrize(("words", "expected"), TYPED, ids=lambda each: " ".join(each))
def test_fish_completes_what_is_declared(file: Path, words: list[str], expected: list[str]) -> None:
    assert _fish(file, " ".join(["entra-oauth", *words])) == expected


# ---- what is in a script --------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_of_the_machine_or_the_person_gets_into_a_script(
    shell: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = script(shell)
    config = tmp_path / "config.toml"
    config.write_text('default_profile = "canary"\n[profile.canary]\ntenant = "canary"\n')
    monkeypatch.setenv("ENTRA_OAUTH_CONFIG", str(config))
    monkeypatch.setenv("ENTRA_OAUTH_TENANT", "canary")
    monkeypatch.setenv("AZURE_CLIENT_ID", "canary")
    monkeypatch.chdir(tmp_path)
    assert script(shell) == before
    assert "canary" not in before
    assert str(Path.home()) not in before


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_evaluates_nothing(shell: str) -> None:
    text = re.sub(r"^#.*$", "", script(shell), flags=re.MULTILINE)
    words = re.findall(r"[A-Za-z-]+", text)
    assert not {"eval", "source", "compgen", "Invoke-Expression", "iex"} & set(words)
    assert "`" not in text
    declared = text.replace("complete --command entra-oauth ", "")
    assert not re.search(r"(?<!_)entra-oauth ", declared)


def test_a_word_that_a_shell_could_read_is_refused() -> None:
    good = KnownWords.declared()
    for word in ("$(id)", "a b", "`id`", "a;b", "'"):
        flags = {**good.flags, "login": (word,)}
        with pytest.raises(ValueError, match=re.escape(word)):
            KnownWords(
                first=good.first, second=good.second, flags=flags, values=good.values
            )._refuse_strange_words()


def test_the_words_of_a_shell_are_quoted() -> None:
    assert quoted("it's") == "'it'\\''s'"
    assert f"'{'--tenant'}'" in script("bash")
    assert LoginOptions.__name__ not in script("bash")


def test_a_shell_must_be_named() -> None:
    assert "Use one of bash, zsh, fish" in error_of(call("completion"))[1]
    what, advice = error_of(call("completion", "bsh"))
    assert what == "That shell is not known: bsh."
    assert advice.startswith("Did you mean bash?")
    assert error_of(call("completion", "x" * 40))[0] == "That shell is not known."


def test_the_help_says_which_shell_was_not_tried() -> None:
    assert "that of PowerShell was not tried" in " ".join(call("completion", "--help").out.split())
