"""The labs: each attack works, each defence stops it, each function can be repaired."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

import pytest

from entra_oauth.errors import DestinationRefused, EntraOAuthError
from entra_oauth.lessons.labs import sandbox
from entra_oauth.lessons.labs.catalogue import lab, labs
from entra_oauth.lessons.labs.judge import judged
from entra_oauth.lessons.labs.lab import Lab
from entra_oauth.lessons.labs.lab09_history import attack as lab09_history
from entra_oauth.lessons.labs.lab18_framed import attack as lab18_framed
from entra_oauth.lessons.labs.learner_file import text_for
from entra_oauth.lessons.labs.sandbox import Sandbox
from entra_oauth.practice import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form
from kit import needs
from kit.command_line import call, error_of
from kit.project import imports
from kit.sweep import assert_swept

ROOT = Path(__file__).parents[2]
LABS = [
    pytest.param(
        each,
        id=each.name,
        marks=[needs.chromium]
        if each.needs == "chromium"
        else [needs.ipv6]
        if each.name == "port-squatting"
        else [],
    )
    for each in labs()
]
EVERY = [pytest.param(each, id=each.name) for each in labs()]


# ---- off and on ------------------------------------------------------------------------


@pytest.mark.parametrize("each", LABS)
def test_the_attack_works_on_the_naive_side(each: Lab) -> None:
    with Sandbox() as world:
        seen = each.off(world)
    assert seen.shown, seen
    assert seen.lines


@pytest.mark.parametrize("each", LABS)
def test_the_defence_stops_the_attack(each: Lab) -> None:
    with Sandbox() as world:
        seen = each.on(world)
    assert seen.shown, seen
    assert seen.lines


@pytest.mark.parametrize("each", LABS)
def test_a_lab_says_the_same_each_time_and_no_secret(
    each: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = []

    class Watched(PracticeTenant):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            tenants.append(self)

    monkeypatch.setattr(sandbox, "PracticeTenant", Watched)
    monkeypatch.setenv("COLUMNS", "80")
    first, second = call("lab", str(each.number)), call("lab", str(each.number))
    assert (first.code, first.err) == (0, "")
    assert first.out == second.out
    assert max(map(len, first.out.splitlines())) <= 80
    assert first.out.replace("\n", "").isprintable()
    secrets = {value for tenant in tenants for value in _secrets_in(tenant.log)}
    assert_swept(first.out, secrets)


_SECRET = ("code", "code_verifier", "access_token", "refresh_token", "id_token", "device_code")


def _secrets_in(log: tuple[tuple[HttpRequest, HttpResponse], ...]) -> Iterator[str]:
    """Values worth hiding that passed at a tenant, from forms and from JSON."""
    for request, response in log:
        members: list[tuple[str, object]] = [*parse_form(request.body.decode())]
        if response.body.startswith(b"{"):
            members += ast.literal_eval(response.body.decode().replace(":null", ":None")).items()
        for name, value in members:
            if name in _SECRET and isinstance(value, str) and len(value) > 20:
                yield value


@pytest.mark.parametrize("each", EVERY)
def test_a_lab_tells_what_it_is(each: Lab) -> None:
    assert lab(each.number) is each
    assert len(each.story) == 5
    assert all(len(line) <= 78 for line in each.story)
    assert "RFC" in each.source
    assert each.label.value in ("AS ENTRA", "STRICTER", "TOY")
    assert each.fidelity.endswith(".")


def test_there_are_twenty_one_labs() -> None:
    assert [each.number for each in labs()] == list(range(1, 22))
    assert len({each.name for each in labs()}) == 21


# ---- the functions to repair -----------------------------------------------------------


@pytest.mark.parametrize("each", EVERY)
def test_the_function_is_broken_at_first_and_can_be_repaired(
    each: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(each.number, text_for(each, "lab.py"))
    assert judged(each.number, each.exercise.solution) == []
    assert capsys.readouterr() == ("", "")
    assert len(each.exercise.broken.splitlines()) <= 18


@pytest.mark.parametrize("each", EVERY)
def test_exercise_and_solution_are_files_that_open_in_an_editor(each: Lab) -> None:
    folder = ROOT.joinpath(*each.exercise.folder.split("."))
    exercise = (folder / "exercise.py").read_text(encoding="utf-8")
    solution = (folder / "solution.py").read_text(encoding="utf-8")
    assert exercise == each.exercise.broken
    assert solution == each.exercise.solution
    assert "WRONG ON PURPOSE" in exercise.splitlines()[0]
    assert text_for(each, "mine.py").endswith(exercise)
    signatures = [
        [ast.unparse(node.args) for node in ast.parse(source).body if _is(node, each)]
        for source in (exercise, solution)
    ]
    assert signatures[0] == signatures[1] != []


def _is(node: ast.stmt, each: Lab) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and node.name == each.exercise.function


def test_no_module_imports_an_exercise_or_a_solution() -> None:
    for name, text in _modules_with("exercise", "solution"):
        for use in imports.uses(text):
            assert not {"exercise", "solution"} & set(use.what.split(".")), name


def _modules_with(*words: str) -> Iterator[tuple[str, str]]:
    """The name and the text of each module that has one of the words: no other can import it."""
    for path in (ROOT / "entra_oauth").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if any(word in text for word in words):
            yield path.relative_to(ROOT / "entra_oauth").as_posix(), text


# ---- this machine only -----------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://login.microsoftonline.com/x", "http://10.0.0.1/"]
)
def test_a_lab_reaches_no_other_host(url: str) -> None:
    with Sandbox() as world:
        with pytest.raises(DestinationRefused):
            world.get(url)
        with pytest.raises(DestinationRefused):
            world.channels().back.send(HttpRequest(method="GET", url=url), timeout_s=1)
        with pytest.raises(DestinationRefused):
            world.channels().back.warm(url)
        with pytest.raises(DestinationRefused):
            world.authority_at(url)


def test_an_invented_host_is_known_on_its_own_stage_only() -> None:
    with Sandbox() as world:
        origin = world.host(lambda request: HttpResponse(status=204), "evil.example")
        assert origin == "http://evil.example"
        assert world.get(f"{origin}/a?b=c").status == 204
    with Sandbox() as other, pytest.raises(DestinationRefused):
        other.get(origin)


def test_the_naive_client_is_imported_by_labs_only() -> None:
    naive = "entra_oauth.lessons.labs.naive"
    users = {
        name
        for name, text in _modules_with("naive")
        for use in imports.uses(text)
        if use.what == naive or use.what.startswith(f"{naive}.")
    }
    assert "lessons/labs/sandbox.py" in users
    assert all(user.startswith("lessons/labs/") for user in users), users


def test_without_a_browser_the_lab_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab09_history, "find_browser", lambda: None)
    ran = call("lab", "9", "--off")
    what, advice = error_of(ran)
    assert ran.code == 8
    assert "chromium" in what
    assert "apt install chromium" in advice


FRAMES = [
    ((), True),
    ((("X-Frame-Options", "DENY"),), False),
    ((("X-Frame-Options", "sameorigin"),), False),
    ((("Content-Security-Policy", "frame-ancestors 'none'"),), False),
    ((("Content-Security-Policy", "frame-ancestors *"), ("X-Frame-Options", "DENY")), True),
]


@pytest.mark.parametrize(("headers", "framed"), FRAMES)
def test_the_rule_for_frames(headers: tuple[tuple[str, str], ...], framed: bool) -> None:
    assert lab18_framed.may_be_framed(HttpResponse(status=200, headers=headers)) is framed


# ---- the command -----------------------------------------------------------------------


def test_the_list_names_every_lab_and_its_label() -> None:
    ran = call("lab", "list")
    assert ran.code == 0
    for each in labs():
        assert each.title in ran.out
        assert each.source.split(";")[0] in ran.out
    assert "Needs chromium." in " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("option", "told", "untold"),
    [("--off", "Defence off", "Defence on"), ("--on", "Defence on", "Defence off")],
)
def test_one_half_can_be_shown_alone(option: str, told: str, untold: str) -> None:
    ran = call("lab", "code-replay", option)
    assert ran.code == 0
    assert told in ran.out
    assert untold not in ran.out


def test_a_learner_goes_from_broken_to_pass(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    assert call("lab", "3", "--me", str(file)).code == 0
    ran = call("lab", "check", "3", str(file))
    assert (ran.code, ran.err) == (9, "")
    assert ran.out.startswith("NOT YET")
    file.write_text(lab(3).exercise.solution + "print('seen\x1b[2J')\n", encoding="utf-8")
    ran = call("lab", "check", "3", str(file))
    assert ran.code == 0
    assert "PASS  lab 3" in ran.out
    assert "seen<ESC>[2J" in ran.out
    again = call("lab", "3", "--me", str(file))
    assert again.code == 8
    assert "nothing is overwritten" in again.err


def test_the_file_is_looked_for_under_the_name_that_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab03.py").write_text(lab(3).exercise.solution, encoding="utf-8")
    assert call("lab", "check", "3").code == 0


def test_a_lab_that_was_solved_is_marked_in_the_list(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    call("lab", "3", "--me", str(file))
    assert "A code is redeemed twice (begun)" in call("lab", "list").out
    file.write_text(lab(3).exercise.solution, encoding="utf-8")
    call("lab", "check", "3", str(file))
    call("lab", "check", "1", str(file))
    ran = call("lab", "list")
    assert "A code is redeemed twice (solved)" in ran.out
    assert ran.out.count("(solved)") == 1
    assert ran.out.endswith("Next: entra-oauth lab 1\n")


@pytest.mark.parametrize("each", EVERY)
def test_help_comes_in_three_steps_and_the_last_is_the_solution_in_a_sentence(each: Lab) -> None:
    assert len(set(each.hints)) == 3
    ran = [call("lab", each.name, "--hint", str(number)) for number in (1, 2, 3)]
    assert [one.code for one in ran] == [0, 0, 0]
    assert f"--hint {2}" in ran[0].out
    assert "one solution of many" in " ".join(ran[2].out.split())


@pytest.mark.parametrize(("columns", "beside"), [("120", True), ("80", False), ("40", False)])
def test_the_attack_on_a_persons_function_is_shown_beside_off_and_on(
    columns: str, beside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    file = tmp_path / "mine.py"
    file.write_text(lab(6).exercise.broken, encoding="utf-8")
    ran = call("lab", "6", "--mine", str(file))
    assert (ran.code, ran.err) == (9, "")
    lines = ran.out.splitlines()
    assert any("off" in each and "mine" in each for each in lines if "----" in each) is beside
    assert max(map(len, lines)) <= int(columns)
    for word in ("Host: evil.example", "grant_type=authorization_code"):
        assert ran.out.count(word) == 2  # off and mine; on sends nothing there
    file.write_text(lab(6).exercise.solution, encoding="utf-8")
    ran = call("lab", "6", "--mine", str(file))
    assert ran.code == 0
    assert ran.out.count("Host: evil.example") == 1


def test_a_file_without_the_function_has_nothing_to_be_attacked(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("x = 1\n", encoding="utf-8")
    ran = call("lab", "6", "--mine", str(file))
    assert ran.code == 9
    assert "no function accept" in ran.out


REFUSED = [
    ((), 2, "which one"),
    (("22",), 2, "no lab 22"),
    (("0",), 2, "no lab 0"),
    (("nonsense",), 2, "no such lab"),
    (("9" * 5000,), 2, "no such lab"),
    (("3", "--off", "--me", "x.py"), 2, "--me"),
    (("3", "--hint", "1", "--mine", "x.py"), 2, "--hint"),
    (("3", "--hint", "4"), 2, "--hint"),
    (("3", "--mine", "no-such-file.py"), 8, "cannot be read"),
    (("check",), 2, "number"),
    (("check", "3", "a", "b"), 2, "number"),
    (("check", "3", "no-such-file.py"), 8, "cannot be read"),
    (("check", "3", "."), 8, "cannot be read"),
]


@pytest.mark.parametrize(("words", "code", "said"), REFUSED)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], code: int, said: str) -> None:
    ran = call("lab", *words)
    what, _ = error_of(ran)
    assert ran.code == code
    assert said in what


@pytest.mark.parametrize(("data", "said"), [(b"#" * 70_000, "64 KiB"), (b"\xff\xfe", "UTF-8")])
def test_a_file_that_is_no_short_text_is_refused(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(data)
    ran = call("lab", "check", "3", str(tmp_path / "a.py"))
    assert ran.code == 2
    assert said in ran.err


def test_a_lab_that_goes_otherwise_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # An attack that does not work: the check must be able to fail.
    monkeypatch.setattr(
        "entra_oauth.lessons.labs.lab03_code_replay.attack.NaiveClient.redeem", _nothing
    )
    ran = call("lab", "3", "--off")
    assert ran.code == 9
    assert "NOT SHOWN" in ran.out


def _nothing(self: object, code: str) -> dict[str, Any]:
    return {}


def test_a_visit_that_fails_is_not_hidden() -> None:
    def visit(url: str) -> None:
        sandbox.give_up(world, url)
        raise EntraOAuthError("The visit failed.", advice="Look.")

    with Sandbox() as world, pytest.raises(EntraOAuthError, match="The visit failed"):
        world.sign_in(visit)
