"""examples/spark_lint.py in Spark's local mode: the same rows as one by one."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.audit.bulk.pool import judged_by_pool
from entra_oauth.audit.bulk.recordings import names_in
from entra_oauth.audit.bulk.worker import Order, judge_named
from kit import needs
from kit.audit.corpus import HOSTILE, make_corpus
from kit.command_line import environment
from kit.recordings import PLANTED

pytestmark = [pytest.mark.against, needs.posix, needs.spark]

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 1, 1)
COUNT = int(os.environ.get("RECORDINGS", "10000"))
_PATIENCE_S = 1500.0
_DRIVER = """
import json, sys
from datetime import date
from pyspark.sql import SparkSession
import spark_lint
if len(sys.argv) > 2:
    spark_lint.MOST_BYTES = int(sys.argv[2])
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
table = spark_lint.findings(spark, sys.argv[1], today=date(2026, 1, 1))
for row in table.toLocalIterator():
    print(json.dumps(row.asDict()))
spark.stop()
"""


def _by_spark(folder: Path, *more: str) -> tuple[list[dict[str, Any]], str]:
    """The rows, with names relative to the folder, and all that Spark said."""
    assert needs.SPARK
    env = environment(
        PYTHONPATH=f"{ROOT}{os.pathsep}{ROOT / 'examples'}",
        PYSPARK_PYTHON=needs.SPARK,
        SPARK_LOCAL_IP="127.0.0.1",
        SPARK_LOCAL_DIRS=str(folder.parent / "spark"),
        JAVA_TOOL_OPTIONS=f"-Djava.io.tmpdir={folder.parent} -XX:-UsePerfData",
    )
    done = subprocess.run(
        [needs.SPARK, "-c", _DRIVER, str(folder), *more],
        env=env,
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    for row in rows:
        row["file"] = row["file"].partition(f"{folder}/")[2]
    return rows, done.stderr


def _sorted(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row) for row in rows)


def test_ten_thousand_recordings_have_the_same_rows_one_by_one_by_the_pool_and_by_spark(
    tmp_path: Path,
) -> None:
    folder = make_corpus(tmp_path / "all", COUNT)
    order: Order = {
        "folder": str(folder),
        "policy": None,
        "today": TODAY.isoformat(),
        "max_mib": 1024,
    }
    names, judge = list(names_in(folder)), judge_named(order)
    assert len(names) == COUNT
    alone = [row.as_record() for name in names for row in judge(name)]
    assert {row["file"] for row in alone if row["outcome"] == "error"} == set(HOSTILE)
    with closing(judged_by_pool(names, order, jobs=2)) as judged:
        assert [row for rows in judged for row in rows] == alone
    by_spark, said = _by_spark(folder)
    alone = [row for row in alone if row["file"] != "empty.har"]  # Spark passes over these
    assert _sorted(by_spark) == _sorted(alone)
    everything = json.dumps(by_spark) + said
    assert not [secret for secret in PLANTED if secret in everything]
    assert "x000000" not in everything  # a part of each recording's own secrets


def test_a_file_that_is_too_large_is_a_row_and_the_others_are_judged(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "large").write_bytes(b"x" * 20_000)
    (folder / "small").write_bytes(b"x")
    rows, _ = _by_spark(folder, "10000")
    seen = {row["file"]: (row["outcome"], row["text"]) for row in rows}
    assert seen["large"][0] == seen["small"][0] == "error"
    assert "It is larger than" in seen["large"][1]
    assert "It is larger than" not in seen["small"][1]
