"""The two scripts of the README, and what they say where they cannot go on."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import environment
import launch
import packages
import workers
from kit import needs

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_parses_on_old_pythons(script: Path) -> None:
    ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("name", ["launch.py", "environment.py", "packages.py"])
def test_an_annotation_that_old_pythons_would_evaluate_is_text(name: str) -> None:
    """`list[str]` is an error before Python 3.9, and so is `X | None` before 3.10."""
    tree = ast.parse((ROOT / "scripts" / name).read_text(encoding="utf-8"))
    told = [a for node in ast.walk(tree) for a in _evaluated_annotations(node)]
    assert told
    assert not [ast.unparse(a) for a in told if not isinstance(a, ast.Constant | ast.Name)]


def _evaluated_annotations(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.FunctionDef):
        arguments = [*node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        given = [argument.annotation for argument in arguments if argument]
        return [annotation for annotation in [*given, node.returns] if annotation]
    if isinstance(node, ast.ClassDef):
        return [inner.annotation for inner in node.body if isinstance(inner, ast.AnnAssign)]
    return []


# ------------------------------------------------------- a Python that is too old


def test_an_old_python_goes_on_with_a_newer_one_from_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(sys, "version_info", (3, 8, 18, "final", 0))
    monkeypatch.setattr(sys, "argv", ["scripts/demo.py", "--browser"])
    found = {"python3.12": sys.executable}
    monkeypatch.setattr(shutil, "which", found.get)
    monkeypatch.setattr(launch, "become", lambda command, env: became.append(command))
    with pytest.raises(launch.SetupFailed):  # only because `become` came back
        launch.require_python()
    assert became == [[sys.executable, "scripts/demo.py", "--browser"]]
    assert "Python 3.8.18 is too old" in capsys.readouterr().err


@pytest.mark.parametrize(("windows", "python"), [(False, "python3.11"), (True, "py -3.11")])
def test_without_a_newer_python_the_person_is_told_which_one(
    windows: bool, python: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch, "ON_WINDOWS", windows)
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(sys, "argv", ["scripts/demo.py"])
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        launch.run_script(lambda arguments: 0)
    said = capsys.readouterr()
    assert ended.value.code == 8
    assert said.out == ""
    assert "Python 3.11 or later is needed. This is Python 3.9.2" in said.err
    assert said.err.splitlines()[-1].startswith("Next: install Python 3.11 or later")
    assert f"{python} scripts/demo.py" in said.err


# ------------------------------------------------------- exit codes and Ctrl-C


def test_the_job_gets_the_arguments_and_gives_the_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["scripts/demo.py", "a", "b"])
    with pytest.raises(SystemExit) as ended:
        launch.run_script(lambda arguments: len(arguments) + 40)
    assert ended.value.code == 42


def test_ctrl_c_ends_with_130_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["scripts/demo.py"])
    with pytest.raises(SystemExit) as ended:
        launch.run_script(interrupted)
    assert ended.value.code == 130
    assert capsys.readouterr().err == "entra-oauth: stopped\n"


@needs.posix
@pytest.mark.parametrize(
    ("program", "code"), [("raise SystemExit(5)", 5), ("import os; os.kill(os.getpid(), 15)", 143)]
)
def test_the_childs_end_is_told_as_a_shell_would(program: str, code: int) -> None:
    assert launch.run([sys.executable, "-c", program], dict(os.environ)) == code


@needs.posix
def test_ctrl_c_waits_for_the_child_and_then_ends_the_script() -> None:
    """So that no further step is begun, and none is left behind."""
    child = "import os, signal, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(0.2)"
    with pytest.raises(KeyboardInterrupt):
        launch.run([sys.executable, "-c", child], dict(os.environ))


def test_what_would_lead_out_of_the_environment_is_not_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("PIP_TARGET", "elsewhere")
    monkeypatch.setenv("PIP_CERT", "company.pem")
    handed = launch.child_environment()
    assert "PYTHONPATH" not in handed
    assert "PIP_TARGET" not in handed
    assert handed["PIP_CERT"] == "company.pem"
    assert handed["PYTHONUTF8"] == "1"


# ------------------------------------------------------- the groups of tests


def _test_script() -> ModuleType:
    """`scripts/test.py`, whose name is one of the standard library's too."""
    spec = importlib.util.spec_from_file_location("test_script", ROOT / "scripts" / "test.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


USUAL = ["-m", "not foreign"]


@pytest.mark.parametrize(
    ("arguments", "tools", "handed", "runs"),
    [
        ([], ["ruff", "ruff", "mypy"], USUAL, 4),
        (["--quick"], ["ruff", "ruff"], ["-m", "not foreign and not slow"], 4),
        (["--all"], ["ruff", "ruff", "mypy"], [], 4),
        (["--all", "-x", "-n", "3"], ["ruff", "ruff", "mypy"], ["-x"], 3),
        (["-q", "tests/cache"], [], ["-q", "tests/cache"], 0),
        (["-m", "foreign"], [], ["-m", "foreign"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_group_is_chosen_and_the_rest_goes_to_pytest(
    arguments: list[str],
    tools: list[str],
    handed: list[str],
    runs: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran: list[tuple[str, list[str]]] = []

    def run(name: str, arguments: list[str]) -> int:
        ran.append((name, arguments))
        return 0

    def run_several(command: list[str], environ: dict[str, str], cwd: str, number: int) -> int:
        assert number == runs
        return run("pytest", command[command.index("pytest") + 1 :])

    script = _test_script()
    monkeypatch.setattr(environment, "prepare", lambda **groups: None)
    monkeypatch.setattr(workers, "cores", lambda: 2)
    monkeypatch.setattr(workers, "run", run_several)
    monkeypatch.setattr(script, "_module", run)
    monkeypatch.setattr(script, "_is_installed", lambda module: True)
    assert script.main(arguments) == 0
    assert [name for name, _ in ran] == [*tools, "pytest"], "what pytest says comes last"
    assert ran[-1][1] == handed
    assert capsys.readouterr().err.count("minutes") == len(tools)


@pytest.mark.parametrize("tool", ["mypy", "pytest"])
def test_what_fails_is_said_after_the_tests(
    tool: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = _test_script()
    monkeypatch.setattr(environment, "prepare", lambda **groups: None)
    monkeypatch.setattr(script, "_module", lambda name, arguments: 2 if name == tool else 0)
    monkeypatch.setattr(script, "_tests", lambda arguments, runs: 2 if tool == "pytest" else 0)
    monkeypatch.setattr(script, "_is_installed", lambda module: True)
    assert script.main([]) == (1 if tool == "mypy" else 2)
    assert ("mypy failed: see above" in capsys.readouterr().err) is (tool == "mypy")


def test_a_run_compiles_the_program_once_where_bytecode_is_switched_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handed: list[dict[str, str]] = []

    def run(command: list[str], environment: dict[str, str], cwd: str) -> int:
        handed.append(environment)
        return 0

    script = _test_script()
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(environment, "prepare", lambda **groups: None)
    monkeypatch.setattr(script.launch, "run", run)
    assert script.main(["-q"]) == 0
    assert ["PYTHONDONTWRITEBYTECODE" in each for each in handed] == [False]


@pytest.mark.parametrize("number", ["0", "many", "-2"])
def test_a_number_of_runs_that_is_none_is_refused(
    number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = _test_script()
    monkeypatch.setattr(environment, "prepare", lambda **groups: None)
    monkeypatch.setattr(script, "_module", lambda name, arguments: 0)
    with pytest.raises(launch.SetupFailed, match="takes a number"):
        script.main(["--all", "-n", number])


# ------------------------------------------------------- pyproject and pip


def test_the_groups_of_the_project_can_be_read() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = packages.read_groups(("test", "check", "interop"), text)
    assert any(entry.startswith("pytest") for entry in found)
    assert any(entry.startswith("msal") for entry in found)


def test_a_group_may_include_another() -> None:
    text = '[dependency-groups]\na = ["x>=1", {include-group = "b"}]\nb = ["y"]\n'
    assert packages.read_groups(("a",), text) == ["x>=1", "y"]


@pytest.mark.parametrize(
    ("log", "said", "code"),
    [
        (
            "WARNING: Retrying (…) after connection broken by 'NewConnectionError(…)'\n"
            "ERROR: No matching distribution found for hatchling>=1.24",
            "no package index could be reached",
            6,
        ),
        ("ProxyError('Cannot connect to proxy.')", "no package index could be reached", 6),
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]",
            "certificate",
            6,
        ),
        ("ERROR: No matching distribution found for msal", "no release that fits", 6),
        ("OSError: [Errno 28] No space left on device", "disk is full", 8),
        ("error: something nobody foresaw", "{log}", 8),
        ("", "{log}", 8),
    ],
)
def test_pips_failure_is_told_by_its_cause(log: str, said: str, code: int) -> None:
    reason = packages.diagnose(log)
    assert said in reason.why
    assert reason.exit_code == code
    assert "run this again" in reason.advice


# ------------------------------------------------------- the setup itself


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of the scripts with a project that needs nothing but its own build."""
    folder = tmp_path / "a clone"
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__py*"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _prepare(clone: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    program = "import environment as e, launch; launch.run_script(lambda a: e.prepare() or 0)"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=clone / "scripts",
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_without_packages_the_setup_says_one_thing_and_what_to_do(clone: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        pytest.skip("needs the package python3-venv: apt install python3-venv")
    done = _prepare(clone)
    assert done.returncode == 6
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Next: check where pip looks")
    stamp = json.loads((clone / ".venv/entra-oauth-setup.json").read_text(encoding="utf-8"))
    assert stamp["made"] == environment.HERE
    assert "done" not in stamp


def test_a_folder_that_is_no_environment_is_left_alone(clone: Path) -> None:
    (clone / ".venv").mkdir()
    (clone / ".venv" / "letters.txt").write_text("mine", encoding="utf-8")
    done = _prepare(clone)
    assert done.returncode == 8
    assert "Next: leave it (deactivate), delete .venv" in done.stderr
    assert (clone / ".venv" / "letters.txt").read_text(encoding="utf-8") == "mine"


def _stamp(clone: Path, **facts: object) -> dict[str, object]:
    python = clone / ".venv" / Path(environment.PYTHON).relative_to(environment.VENV)
    python.parent.mkdir(parents=True)
    python.touch()
    stamp = {
        "made": environment.HERE,
        "done": True,
        "fits": {"root": str(clone), "python": sys.implementation.cache_tag},
        "project": environment._project_hash(),
        "groups": ["test"],
        "left_out": [],
        **facts,
    }
    (clone / ".venv/entra-oauth-setup.json").write_text(json.dumps(stamp), encoding="utf-8")
    return stamp


def test_a_second_run_finds_its_stamp_and_does_nothing(clone: Path) -> None:
    _stamp(clone)
    done = _prepare(clone)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "facts",
    [
        {"done": False},
        {"project": "another"},
        {"fits": {"root": "elsewhere", "python": sys.implementation.cache_tag}},
        {"fits": {"root": environment.ROOT, "python": "cpython-310"}},
        {"groups": []},
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_a_stamp_that_does_not_fit_is_not_believed(
    facts: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    fitting = {
        "made": environment.HERE,
        "done": True,
        "fits": environment._fits(environment.HERE),
        "project": environment._project_hash(),
        "groups": ["test"],
        "left_out": [],
    }
    monkeypatch.setattr(environment, "PYTHON", sys.executable)
    assert environment._is_ready(fitting, ("test",))
    assert not environment._is_ready({**fitting, **facts}, ("test",))


def test_a_group_that_was_left_out_is_named_and_not_tried_each_time(clone: Path) -> None:
    _stamp(clone, left_out=["interop"])
    program = (
        "import environment as e, launch;"
        "launch.run_script(lambda a: e.prepare(('test',), ('interop',)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=clone / "scripts",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "without the group interop" in done.stderr
