"""Recordings judged per second: a bare loop, one process, two, and Spark in its local mode.

    python benchmarks/bulk_lint.py [--count N] [--rounds N]

Writes a Markdown table to standard output. All ways judge the same folder of HAR files, made for
this, in turn and several times over; the best time of each counts. Their start is part of it, but
for Spark's, which is told by itself. Spark is measured where ENTRA_OAUTH_SPARK_PYTHON names a
Python that has it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SPARK = os.environ.get("ENTRA_OAUTH_SPARK_PYTHON")
_BARE = """
import sys
from datetime import date
from pathlib import Path
from entra_oauth.audit import rows_of
for path in sorted(Path(sys.argv[1]).iterdir()):
    rows_of(path.name, path.read_bytes(), today=date(2026, 1, 1))
"""
_SPARK = """
import sys, time
from datetime import date
from pyspark.sql import SparkSession
import spark_lint
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
spark.range(1).count()
began = time.monotonic()
spark_lint.findings(spark, sys.argv[1], today=date(2026, 1, 1)).count()
print(time.monotonic() - began)
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--count", type=int, default=2000, help="recordings in the folder")
    options.add_argument("--rounds", type=int, default=3, help="times that each way is measured")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = _recordings(Path(scratch), chosen.count)
        ways: dict[str, Callable[[], float]] = {
            "bare loop": lambda: _seconds([sys.executable, "-c", _BARE, str(folder)]),
            "--jobs 1": lambda: _seconds(_lint(folder, 1)),
            "--jobs 2": lambda: _seconds(_lint(folder, 2)),
        }
        if SPARK:
            ways["Spark, local[2], once it has started"] = lambda: _by_spark(folder)
        best = dict.fromkeys(ways, float("inf"))
        for _ in range(chosen.rounds):
            for name, measure in ways.items():
                best[name] = min(best[name], measure())
    print(f"| {chosen.count:,} HAR files | files a second | of one process | goal |")
    print("|---|---|---|---|")
    for name, seconds in best.items():
        goal = "1.7" if name == "--jobs 2" else ""
        ratio = best["--jobs 1"] / seconds
        print(f"| {name} | {chosen.count / seconds:,.0f} | {ratio:.2f} | {goal} |")


def _recordings(scratch: Path, count: int) -> Path:
    """A folder with so many HAR files of the article's sign-in."""
    recording, folder = scratch / "rec", scratch / "all"
    folder.mkdir()
    tool = [sys.executable, "-P", "-m", "entra_oauth"]
    demo = [*tool, "demo", "--procedure", "article", "--record", str(recording)]
    subprocess.run(demo, check=True, capture_output=True)
    export = [*tool, "audit", "export", str(recording), "--as", "har"]
    har = subprocess.run(export, check=True, capture_output=True).stdout
    json.loads(har)
    for number in range(count):
        (folder / f"{number:06d}.har").write_bytes(har)
    return folder


def _lint(folder: Path, jobs: int) -> list[str]:
    tool = [sys.executable, "-P", "-m", "entra_oauth", "audit", "lint", str(folder)]
    return [*tool, "-o", "jsonl", "--jobs", str(jobs)]


def _seconds(command: list[str]) -> float:
    began = time.monotonic()
    null = subprocess.DEVNULL
    done = subprocess.run(command, stdout=null, stderr=null, check=False)
    seconds = time.monotonic() - began
    if done.returncode not in (0, 9):  # 9: there are findings
        sys.exit(f"{command} ended with {done.returncode}")
    return seconds


def _by_spark(folder: Path) -> float:
    assert SPARK
    path = os.pathsep.join((str(ROOT), str(ROOT / "examples")))
    env = {**os.environ, "PYTHONPATH": path, "PYSPARK_PYTHON": SPARK, "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [SPARK, "-c", _SPARK, str(folder)]
    said = subprocess.run(
        command, env=env, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout
    return float(said.splitlines()[-1])


if __name__ == "__main__":
    main()
