"""Several runs of pytest at once, which share the files of tests among themselves.

`tests/kit/guards/shares.py` is their side of it. The processor waits in many tests, for
other programs and for time to go by: so there are twice as many runs as cores, up to eight.
"""

import glob
import json
import os
import subprocess
import sys
import tempfile
import time

import launch

TOLD_EVERY_S = 20
NO_TESTS = 5  # the exit code of a pytest that found none: another run was faster
SHARED = ["-q", "-o", "console_output_style=classic", "-p", "no:cacheprovider", "-p", "no:xdist"]


def number(cores: int) -> int:
    """As many runs as are worth their start on so many cores."""
    return max(cores, min(2 * cores, 8))


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(pytest: "list[str]", environment: "dict[str, str]", cwd: str, runs: int) -> int:
    """Run `pytest`, a command, so many times at once; its exit code, once all have ended."""
    with tempfile.TemporaryDirectory(prefix="entra-oauth-tests-") as folder:
        outputs = [os.path.join(folder, f"output-{each}") for each in range(runs)]
        # In one word, or pytest takes the folder for one with tests and looks there for settings.
        command = pytest + SHARED + [f"--share={folder}"]
        started = [_start(command, environment, cwd, output) for output in outputs]
        interrupted = _wait(started, folder)
        codes = [128 - each if each < 0 else each for each in (s.returncode for s in started)]
        for _, output in sorted(zip(codes, outputs, strict=True)):
            _show(output)
        for code in sorted(code for code in codes if code > 128):
            launch.say(f"signal {code - 128} ended a run: its tests are not in the sum below.")
        print(_sum(folder), flush=True)
    if interrupted:
        raise KeyboardInterrupt
    return _worst(codes)


def _start(
    command: "list[str]", environment: "dict[str, str]", cwd: str, output: str
) -> "subprocess.Popen[bytes]":
    with open(output, "wb") as file:
        return subprocess.Popen(
            command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=file
        )


def _wait(started: "list[subprocess.Popen[bytes]]", folder: str) -> bool:
    """Wait for all; True if somebody pressed Ctrl-C, on which each run ends as it sees fit."""
    interrupted, began, told = False, time.monotonic(), 0
    for each in started:
        while each.returncode is None:
            try:
                each.wait(1)
            except KeyboardInterrupt:
                interrupted = True
            except subprocess.TimeoutExpired:
                seconds = int(time.monotonic() - began)
                if seconds >= told + TOLD_EVERY_S:
                    told = seconds
                    launch.say(f"… {seconds} s: {_progress(folder)}")
    return interrupted


def _progress(folder: str) -> str:
    taken = len(glob.glob(os.path.join(glob.escape(folder), "taken-*")))
    found = glob.glob(os.path.join(glob.escape(folder), "found-*"))
    of = max((int(name.rpartition("-")[2]) for name in found), default=0)
    return f"{taken} of {of} files of tests begun" if of else "looking for the files of tests"


def _show(output: str) -> None:
    sys.stdout.flush()
    with open(output, "rb") as file:
        said = file.read()
    sys.stdout.buffer.write(said)
    if said and not said.endswith(b"\n"):  # it was ended within a line
        sys.stdout.buffer.write(b"\n")
    sys.stdout.flush()


def _sum(folder: str) -> str:
    counts, seconds = {}, {}  # type: dict[str, int], dict[str, float]
    for path in glob.glob(os.path.join(glob.escape(folder), "counts-*.json")):
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
        for sums, part in ((counts, told["counts"]), (seconds, told["seconds"])):
            for name, value in part.items():
                sums[name] = sums.get(name, 0) + value
    numbers = ", ".join(f"{value} {name}" for name, value in counts.items())
    minutes = ", ".join(f"{name} {of / 60:.1f}" for name, of in seconds.items() if of)
    return f"All: {numbers or 'no test'}. Minutes of each group: {minutes or 'none'}."


def _worst(codes: "list[int]") -> int:
    told = [code for code in codes if code not in (0, NO_TESTS)]
    return max(told) if told else min(codes)
