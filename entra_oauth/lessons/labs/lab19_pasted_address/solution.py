"""Lab 19, one solution of many: each sign-in beside the tokens of its session that follow."""

from typing import Any

SAME = ("session", "user", "app")


def alarms(rows: list[dict[str, Any]]) -> set[str]:
    good = [row for row in rows if row["ok"]]
    return {
        first["session"]
        for first in good
        for later in good
        if first["interactive"]
        and not later["interactive"]
        and all(first[name] == later[name] for name in SAME)
        and 0 <= later["time"] - first["time"] <= 600
        and first["ip"] != later["ip"]
    }
