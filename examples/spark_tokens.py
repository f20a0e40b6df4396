"""A Spark driver that hands its executors access tokens, and nothing else.

    spark-submit examples/spark_tokens.py PROFILE API PATH...

PROFILE is one of an app (`flow`, and the path of its proof, on the driver's own disk). API is the
address that each PATH is asked of. Only the driver can prove that it is the app: what an executor
gets is a token that ends within the hour, and for the one API that it asks.
"""

import sys
from collections.abc import Callable, Iterator

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from entra_oauth.adapters.stored_tokens import StoredTokens

SCHEMA = "path string, status int, answer string"
Batches = Iterator[pd.DataFrame]


def asked(paths: DataFrame, api: str, tokens: StoredTokens) -> DataFrame:
    """The answers of an API to each path. Ask anew for each stage: a token is good for one."""
    tokens.check_destination(f"{api}/")  # the gate, before anything leaves the driver
    token = tokens.get(min_validity_s=1800).token.text
    return paths.mapInPandas(_asking(api, token), SCHEMA)


def _asking(api: str, token: str) -> Callable[[Batches], Batches]:
    def rows(batches: Batches) -> Batches:
        import requests  # in the executor

        def bearer(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Bearer {token}"
            return request

        for batch in batches:
            answers = [
                # As `auth`, for a header alone would give way to what a .netrc says.
                requests.get(f"{api}{path}", auth=bearer, timeout=60, allow_redirects=False)
                for path in batch["path"]
            ]
            yield pd.DataFrame(
                {
                    "path": batch["path"],
                    "status": [each.status_code for each in answers],
                    "answer": [each.text for each in answers],
                }
            )

    return rows


def main() -> None:
    profile, api, *paths = sys.argv[1:]
    tokens = StoredTokens.of_profile(profile)
    spark = SparkSession.builder.appName("entra-oauth tokens").getOrCreate()
    frame = spark.createDataFrame([(path,) for path in paths], "path string")
    asked(frame, api, tokens).show(truncate=False)
    spark.stop()


if __name__ == "__main__":
    main()
