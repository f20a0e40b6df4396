"""Judge a folder of recordings with Spark: the findings as a table, a row for each.

    spark-submit examples/spark_lint.py FOLDER TABLE [POLICY]

FOLDER has files of any kind that `entra-oauth audit lint` takes: HAR files, proxies' files, traces
of curl. (A folder that `--record` has written is one recording of several files: put it there as
`entra-oauth audit export REC --as har`.) TABLE is a new folder of Parquet files. POLICY is a TOML
file of your own rules. entra-oauth must be installed where Spark's Python runs.

A file that is broken is a row with its error, and so is one that is too large. Of empty files Spark
itself says nothing, so they have no row. No row holds a
secret: only what the linter says of a file leaves the function that has its bytes.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

SCHEMA = (
    "file string, outcome string, rule string, severity string, step int, text string, "
    "source string"
)
COLUMNS = [each.split()[0] for each in SCHEMA.split(", ")]
KINDS = [each.split()[1] for each in SCHEMA.split(", ")]
MOST_BYTES = 100 * 2**20
"""A file is judged in the memory of one executor, of which it takes about ten times its size."""
TOO_LARGE = f"It is larger than {MOST_BYTES // 2**20} MiB."

Batches = Iterator[pd.DataFrame]


def findings(spark: SparkSession, folder: str, policy: str = "", *, today: date) -> DataFrame:
    """The table of all findings in the files of a folder. `today` is for the policy's waivers."""
    # So many files, and no more, are in an executor's memory at a time.
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "16")
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(folder)
    known = {"file": f.col("path"), "outcome": f.lit("error"), "text": f.lit(TOO_LARGE)}
    cells = [
        known.get(name, f.lit(None)).cast(kind).alias(name)
        for name, kind in zip(COLUMNS, KINDS, strict=True)
    ]
    large = files.where(f.col("length") > MOST_BYTES).select(cells)
    rest = files.where(f.col("length") <= MOST_BYTES).select("path", "content")
    return rest.mapInPandas(_judge(policy, today), SCHEMA).unionByName(large)


def _judge(policy_text: str, today: date) -> Callable[[Batches], Batches]:
    def rows(batches: Batches) -> Batches:
        from entra_oauth.audit import policy_of, rows_of  # in the executor

        policy = policy_of(policy_text) if policy_text else None
        for batch in batches:
            records = [
                row.as_record()
                for path, content in zip(batch["path"], batch["content"], strict=True)
                for row in rows_of(path, bytes(content), policy, today=today)
            ]
            yield pd.DataFrame(records, columns=COLUMNS).astype({"step": "Int32"})

    return rows


def main() -> None:
    folder, table, *rest = sys.argv[1:]
    policy = Path(rest[0]).read_text(encoding="utf-8") if rest else ""
    spark = SparkSession.builder.appName("entra-oauth audit").getOrCreate()
    found = findings(spark, folder, policy, today=date.today())
    found.write.parquet(table)
    spark.read.parquet(table).groupBy("outcome", "severity").count().show()
    spark.stop()


if __name__ == "__main__":
    main()
