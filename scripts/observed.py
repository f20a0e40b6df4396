"""What live_check saw, and its report: names and numbers, nothing that is anybody's.

Like `launch.py`, this file must parse on Python 3.6.
"""

import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from entra_oauth import Authority, Channels, HttpResponse, Recorder, TokenResponse


class Seen(NamedTuple):
    """One thing that was looked at. Without an expectation it is only noted."""

    check: str
    what: str
    expected: "str | None"
    found: str

    @property
    def verdict(self) -> str:
        if self.expected is None:
            return "noted"
        return "as documented" if self.expected == self.found else "DIFFERS"


class World:
    """What the checks share, and what they have seen."""

    def __init__(
        self, authority: "Authority", client_id: str, channels: "Channels", recorder: "Recorder"
    ) -> None:
        self.authority = authority
        self.client_id = client_id
        self.channels = channels
        self.recorder = recorder
        self.seen: list[Seen] = []
        self.tokens: TokenResponse | None = None
        self.check = ""

    def note(self, what: str, found: object, expected: "object | None" = None) -> None:
        """Write down what was found: words of a protocol and numbers, nothing else."""
        told = None if expected is None else str(expected)
        words = " ".join(map(word, str(found).split()))
        self.seen.append(Seen(self.check, what, told, words))

    def last(self, channel: str, note: str) -> "Any":
        """The newest recorded exchange of that kind."""
        exchanges = self.recorder.recording.exchanges
        return [e for e in exchanges if (e.channel, e.note) == (channel, note)][-1]


# ---- words ---------------------------------------------------------------------------


def read_object(reply: "HttpResponse") -> "dict[str, Any]":
    try:
        told = json.loads(reply.body.decode("utf-8"))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def media_type(reply: "HttpResponse") -> str:
    return word((reply.header("Content-Type") or "none").partition(";")[0].strip())


def listed(names: "Iterable[object]") -> str:
    return ", ".join(sorted(word(name) for name in names)) or "none"


def word(value: object) -> str:
    """A value that is one short word of a protocol; anything else could be somebody's."""
    text = "none" if value is None else str(value)
    return text if re.fullmatch(r"[\w./:,;()-]{0,40}", text, re.ASCII) else "(not shown)"


# ---- the report ------------------------------------------------------------------------


def report(world: World) -> str:
    from entra_oauth import __version__

    differ = sum(seen.verdict == "DIFFERS" for seen in world.seen)
    lines = [
        "# What a tenant did",
        "",
        f"entra-oauth {__version__}. {len(world.seen)} things looked at, {differ} differ from "
        "what is documented. No token, code, id or name is in here.",
    ]
    check = ""
    for seen in world.seen:
        if seen.check != check:
            check = seen.check
            lines += ["", f"## {check}", "", "| what | expected | found | |", "|---|---|---|---|"]
        expected = "" if seen.expected is None else seen.expected
        lines.append(f"| {seen.what} | {expected} | {seen.found} | {seen.verdict} |")
    return "\n".join(lines) + "\n"


def leaks(text: str, world: World) -> bool:
    """Whether anything that passed and is no common word stands in the report."""
    from entra_oauth.protocol.messages import parse_form
    from entra_oauth.protocol.scopes import DATABRICKS

    secrets = {world.client_id, world.authority.tenant}
    for exchange in world.recorder.recording.exchanges:
        bodies = [exchange.request.query, exchange.request.body.decode("latin-1")]
        secrets.update(value for body in bodies for _, value in parse_form(body))
        if exchange.response is not None:
            values = read_object(exchange.response).items()
            secrets.update(str(value) for name, value in values if name.endswith(("token", "code")))
    return any(len(secret) >= 16 and secret in text for secret in secrets - {DATABRICKS})
