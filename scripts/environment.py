"""Sets up `.venv` in this clone, for `demo.py` and `test.py`.

Run again, it finds its stamp and costs a few milliseconds. What was left half
made is repaired. pip is used as the person's own configuration says. Like
`launch.py`, this file must parse on Python 3.6.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from launch import OLDEST, ON_WINDOWS, SetupFailed, child_environment, say, succeeds, version
from packages import diagnose, read_groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "entra-oauth-setup.json")
LOG = os.path.join(VENV, "entra-oauth-setup.log")
PROJECT = os.path.join(ROOT, "pyproject.toml")
PYTHON = os.path.join(VENV, *(("Scripts", "python.exe") if ON_WINDOWS else ("bin", "python")))

# What the stamp says of the `.venv`: begun, finished, or not made by this file.
HALF, HERE, ELSEWHERE = "half", "here", "elsewhere"

_RETRYING = "WARNING: Retrying"
_VENV_ENTRIES = frozenset({"bin", "scripts", "include", "lib", "lib64", "share", "pyvenv.cfg"})
_STEPS = ("Collecting ", "Downloading ", "Building ", "Installing ", _RETRYING)
_USE_PIP = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"


def prepare(required: "tuple[str, ...]" = (), optional: "tuple[str, ...]" = ()) -> None:
    """Make `PYTHON` ready: the project, its dependencies, and these dependency groups.

    A group of `optional` that cannot be installed here is named and left out.
    Raises `SetupFailed`.
    """
    groups = required + optional
    if not _is_ready(_read_stamp(), groups):
        # A terminated setup must not leave pip running: SystemExit ends it on the way out.
        before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
        try:
            with _one_at_a_time():
                if not _is_ready(_read_stamp(), groups):
                    _set_up(required, optional)
        except OSError as error:
            place = os.path.relpath(error.filename, ROOT) if error.filename else ".venv"
            raise SetupFailed(
                f"{place} could not be written ({error.strerror}).",
                "see that this folder is yours and the disk not full, then run this again.",
            ) from error
        finally:
            signal.signal(signal.SIGTERM, before)
    for group in sorted(set(optional) & set(_read_stamp().get("left_out", []))):
        say(f"without the group {group}, which could not be installed (delete .venv to try again)")


def _set_up(required: "tuple[str, ...]", optional: "tuple[str, ...]") -> None:
    made_now = _ensure_venv()
    try:
        _install(required, optional)
    except SetupFailed as failure:
        if made_now or failure.exit_code != 8 or _read_stamp().get("made") != HERE:
            raise
        say("pip failed in the .venv that was there; making a new one")
        _make_venv()
        _install(required, optional)


# The stamp says what was done, so that nothing is done twice.


def _read_stamp() -> "dict[str, Any]":
    """What an earlier run noted; empty if `.venv` was not made here."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            noted = json.load(file)
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _write_stamp(**facts: "Any") -> None:
    partial = STAMP + ".new"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=1)
    os.replace(partial, STAMP)


def _fits(made: "str | None") -> "dict[str, str]":
    """What a `.venv` depends on: it holds the clone's path and works for one kind of Python."""
    # One that somebody made for themselves keeps its own Python, whichever runs this.
    tag = "any" if made == ELSEWHERE else sys.implementation.cache_tag or version()
    return {"root": ROOT, "python": tag}


def _project_hash() -> str:
    with open(PROJECT, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _is_ready(stamp: "dict[str, Any]", groups: "tuple[str, ...]") -> bool:
    return (
        bool(stamp.get("done"))
        and stamp.get("fits") == _fits(stamp.get("made"))
        and stamp.get("project") == _project_hash()
        and set(groups) <= set(stamp["groups"]) | set(stamp["left_out"])
        and os.path.exists(PYTHON)
    )


# The virtual environment.


def _ensure_venv() -> bool:
    """See that `.venv` has a Python with pip; True if it had to be made."""
    stamp = _read_stamp()
    if os.path.exists(PYTHON):
        has_pip = succeeds([PYTHON, "-c", _USE_PIP])
        made = stamp.get("made", ELSEWHERE)
        if has_pip and made != HALF and stamp.get("fits", _fits(made)) == _fits(made):
            return False
        # One that was not made here is given its pip rather than replaced.
        if made == ELSEWHERE and succeeds([PYTHON, "-m", "ensurepip"]):
            return False
    _make_venv()
    return True


def _make_venv() -> None:
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        _fail_without_ensurepip()
    if os.path.lexists(VENV):
        _remove_venv()
    say(f"making .venv with Python {version()} …")
    os.mkdir(VENV)
    _write_stamp(made=HALF, fits=_fits(HALF))
    if _logged([sys.executable, "-m", "venv", VENV]) != 0:
        if "ensurepip is not" in _log_text():
            _fail_without_ensurepip()
        _fail_from_log("Python could not make a virtual environment in .venv")
    _write_stamp(made=HERE, fits=_fits(HERE))


def _remove_venv() -> None:
    """Take away a `.venv` that does not work, but nothing that is not one."""
    inside = os.path.normcase(os.path.abspath(sys.prefix)) == os.path.normcase(VENV)
    is_folder = os.path.isdir(VENV) and not os.path.islink(VENV)
    is_ours = is_folder and (
        _read_stamp().get("made") in (HALF, HERE)
        or _VENV_ENTRIES.issuperset(name.lower() for name in os.listdir(VENV))
    )
    if inside or not is_ours:
        raise SetupFailed(
            "The .venv in this folder does not work and cannot be replaced from here.",
            "leave it (deactivate), delete .venv, then run this again with "
            f"{'py' if ON_WINDOWS else 'python3'}.",
        )
    say(".venv is half made or does not fit any more; replacing it")
    shutil.rmtree(VENV)


def _fail_without_ensurepip() -> "NoReturn":
    minor = f"python3.{sys.version_info[1]}"
    what = f"This Python ({version()}, {sys.executable}) cannot make a virtual environment"
    if shutil.which("apt") and sys.base_prefix == "/usr":
        raise SetupFailed(
            f"{what}: the package {minor}-venv is missing.",
            f"apt install {minor}-venv (as root, or with sudo), then run this again.",
        )
    raise SetupFailed(
        f"{what}: its modules venv and ensurepip are missing.",
        f"install your system's package that brings them for {minor}, then run this again.",
    )


@contextlib.contextmanager
def _one_at_a_time() -> "Iterator[None]":
    """Two setups in one clone wait for each other; the lock leaves no file behind."""
    try:
        import fcntl
    except ImportError:  # Windows locks no folder; there the second setup may fail, and says so
        yield
        return
    folder = os.open(os.path.join(ROOT, "scripts"), os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another setup is under way in this clone; waiting for it …")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


# Packages.


def _install(required: "tuple[str, ...]", optional: "tuple[str, ...]") -> None:
    groups = required + optional
    say("installing entra-oauth" + "".join(f", {group}" for group in groups) + " into .venv …")
    left_out: list[str] = []
    if not _pip(groups):
        # Only where the index was reached can one of the groups be to blame.
        if not optional or diagnose(_log_text()).concerns_all or not _pip(required):
            _fail_from_log("pip could not install what entra-oauth needs")
        left_out = [group for group in optional if not _pip((group,))]
    stamp = _read_stamp()
    made = stamp.get("made", ELSEWHERE)
    earlier = stamp.get("groups", []) if stamp.get("project") == _project_hash() else []
    _write_stamp(
        made=made,
        done=True,
        fits=_fits(made),
        project=_project_hash(),
        groups=sorted(set(groups) - set(left_out) | set(earlier)),
        left_out=left_out,
    )
    say("ready")


def _pip(groups: "tuple[str, ...]") -> bool:
    with open(PROJECT, encoding="utf-8") as file:
        requirements = read_groups(groups, file.read())
    with open(LOG, "wb"):
        pass  # the log tells of one pip at a time: it is read for the reason of a failure
    pip = [PYTHON, "-m", "pip", "install", "--progress-bar", "off", "--editable", ROOT]
    return _logged(pip + requirements) == 0


def _logged(command: "list[str]") -> int:
    """Run a step of the setup, its output in the log; every few seconds say how far it is."""
    with open(LOG, "ab") as log:
        process = subprocess.Popen(
            command,
            env=child_environment(),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    seconds = 0
    try:
        while True:
            try:
                return process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                seconds += 5
                say(f"… {seconds} s: {_last_step()}")
    except BaseException:
        _end(process)
        raise


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a child that is no longer wanted; a second Ctrl-C does not cut this short."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=3)
        process.kill()
        process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _log_text() -> str:
    try:
        with open(LOG, encoding="utf-8", errors="replace") as log:
            return log.read()
    except OSError:
        return ""


def _last_step() -> str:
    told = [line.strip() for line in _log_text().splitlines() if line.strip().startswith(_STEPS)]
    if not told:
        return "still at it"
    if told[-1].startswith(_RETRYING):
        return "no answer from where pip looks for packages; it tries again"
    # What follows in brackets is detail: sizes, the address of an index.
    return told[-1].split(" (")[0].split(": ")[0][:80]


def _fail_from_log(what: str) -> "NoReturn":
    reason = diagnose(_log_text())
    place = os.path.relpath(LOG, ROOT)
    raise SetupFailed(
        f"{what}: {reason.why.format(log=place)}.",
        reason.advice.format(log=place),
        reason.exit_code,
    )
