"""The redaction of large HAR files: seconds, memory, and how both grow.

    python benchmarks/redaction.py [--quick]

Writes a Markdown table to standard output. Seconds are those of the processor, not of the
clock, so that other programs on the machine count for little. Each row is a process of its
own; its memory is the most that it had. An exponent of 1 means: twice the file, twice the time.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import string
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from entra_oauth.recording.har.har_json import har_object
from entra_oauth.recording.har.har_redact import redact_har
from entra_oauth.recording.step import Level

_LETTERS = string.ascii_letters + string.digits
GOALS = {("cookies", 4000): (3.0, None), ("json", 60): (30.0, 600)}
"""CPU seconds, and MiB."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="small files, to see that it works")
    options.add_argument("--row", nargs=2, metavar=("KIND", "COUNT"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.row:
        print(json.dumps(_measured(chosen.row[0], int(chosen.row[1]))))
        return
    counts = {"cookies": [250, 500, 1000], "json": [1, 2], "secrets": [250, 500]}
    if not chosen.quick:
        counts = {
            "cookies": [250, 1000, 4000],
            "json": [1, 10, 60],
            "secrets": [250, 1000, 4000, 8000],
        }
    print("| file | MB | CPU s | exponent | MiB | goal |")
    print("|---|---|---|---|---|---|")
    for kind, sizes in counts.items():
        before: dict[str, float] | None = None
        for count in sizes:
            row = _in_a_process(kind, count)
            print(_line(kind, count, row, before), flush=True)
            before = row


def _in_a_process(kind: str, count: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--row", kind, str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    row: dict[str, float] = json.loads(done.stdout)
    return row


def _line(kind: str, count: int, row: dict[str, float], before: dict[str, float] | None) -> str:
    grown = ""
    if before:
        times = math.log(row["cpu_s"] / before["cpu_s"])
        grown = f"{times / math.log(row['size'] / before['size']):.2f}"
    goal = ""
    if wanted := GOALS.get((kind, count)):
        goal = f"{wanted[0]:.0f} s" + (f", {wanted[1]} MiB" if wanted[1] else "")
    cells = (
        f"{count:,} {_WORDS[kind]}",
        f"{row['size'] / 1e6:.1f}",
        f"{row['cpu_s']:.2f}",
        grown,
        f"{row['mib']:.0f}",
        goal,
    )
    return f"| {' | '.join(cells)} |"


def _measured(kind: str, count: int) -> dict[str, float]:
    data = json.dumps({"log": {"version": "1.2", "entries": _FILES[kind](count)}}).encode()
    size = len(data)
    before = time.process_time()
    har = har_object(data, max_mib=4096)
    del data
    redact_har(har, Level.SECRETS)
    cpu_s = time.process_time() - before
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"size": size, "cpu_s": cpu_s, "mib": mib}


# ---- files -----------------------------------------------------------------------------


def _value(chance: random.Random, length: int) -> str:
    return "".join(chance.choice(_LETTERS) for _ in range(length))


def _entry(cookie: str, kind: str, text: str) -> dict[str, Any]:
    pairs = [{"name": "Cookie", "value": f"sid={cookie}"}, {"name": "Accept", "value": "*/*"}]
    return {
        "startedDateTime": "2026-03-01T10:00:00.000Z",
        "time": 10,
        "request": {
            "method": "GET",
            "url": "https://www.example.com/page?a=1",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": pairs,
            "queryString": [{"name": "a", "value": "1"}],
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "headers": [{"name": "Content-Type", "value": kind}],
            "content": {"size": len(text), "mimeType": kind, "text": text},
        },
        "timings": {"send": 1, "wait": 8, "receive": 1},
    }


def _cookies(count: int) -> list[dict[str, Any]]:
    """A file whose every entry has a cookie of its own."""
    chance = random.Random(1)
    page = f"<html><body><p>{'Words of a page. ' * 15}</p></body></html>"
    return [_entry(_value(chance, 40), "text/html", page) for _ in range(count)]


def _json(mb: int) -> list[dict[str, Any]]:
    """Answers of an API, about a megabyte each."""
    chance = random.Random(2)
    entries = []
    for _ in range(mb):
        rows = [
            {
                "id": number,
                "name": f"item {number}",
                "description": "some words that tell of a thing " * 3,
                "created": "2026-03-01T10:00:00Z",
                "value": _value(chance, 12),
                "tags": ["a", "b", "c"],
            }
            for number in range(3800)
        ]
        entries.append(_entry("x" * 20, "application/json", json.dumps(rows)))
    return entries


def _secrets(count: int) -> list[dict[str, Any]]:
    """A file with so many secrets, each in a page too."""
    chance = random.Random(3)
    values = [_value(chance, 40) for _ in range(count)]
    words = ["some words of a page"] * (160_000 // 20) + [f"said {each}" for each in values]
    entries = [_entry(each, "text/html", "<html></html>") for each in values]
    for at in range(0, len(words), 100):
        text = f"<html><p>{'</p><p>'.join(words[at : at + 100])}</p></html>"
        entries.append(_entry("x" * 20, "text/html", text))
    return entries


_FILES: dict[str, Callable[[int], list[dict[str, Any]]]] = {
    "cookies": _cookies,
    "json": _json,
    "secrets": _secrets,
}
_WORDS = {
    "cookies": "distinct cookies",
    "json": "MB of JSON",
    "secrets": "distinct secrets, twice each",
}

if __name__ == "__main__":
    main()
