"""The commands that are measured: every verb at its work, on a practice tenant."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COMMANDS", "SERVED", "Command"]

_A = "--authority-host AUTHORITY --tenant TENANT --client-id CLIENT"
_IDENTITY = "--audience 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d --env-file i.env --delegate-my-token"
_ANSWER = "http://localhost/?code=1.nothing&state=STATE"


@dataclass(frozen=True, slots=True)
class Command:
    """One of them. Names in capitals are filled in when it is run."""

    verb: str
    rest: str = ""
    stdin: str = ""
    keeps: str = ""
    """The file in the folder it is run in, into which its result is put."""
    code: int | None = 0
    """With which it ends; None where that depends on the machine."""
    needs: str = ""
    """A program without which it is left out."""
    serves: bool = False
    """It goes on until it is told to end."""


SERVED = Command("practice serve", serves=True, code=143)
"""The first: the authority of all others."""

COMMANDS = (
    Command("doctor", _A, code=None),
    Command("login", f"{_A} --browser BROWSER --record rec"),
    Command("login", f"{_A} --flow password --username USER --password-stdin", stdin="practice"),
    Command("token", _A, keeps="token.txt"),
    Command("token", f"{_A} --force-refresh"),
    Command("refresh", _A, stdin="1.nothing", code=3),
    Command("status"),
    Command("api", f"GET AUTHORITY/api/2.0/clusters/list {_A}"),
    Command("token"),
    Command("profile set", "work tenant=TENANT client_id=CLIENT authority_host=AUTHORITY"),
    Command("profile use", "work"),
    Command("profile list"),
    Command("profile show", "work"),
    Command("token"),
    Command("status"),
    Command("api", "GET AUTHORITY/api/2.0/clusters/list"),
    Command("profile delete", "work"),
    Command("run", f"{_A} -- PYTHON -c pass"),
    Command("serve metadata", _A, serves=True, code=143),
    Command("serve identity", f"{_A} {_IDENTITY} -- PYTHON -c pass"),
    Command("credential kubectl", _A),
    Command("credential az", f"{_A} --install bin"),
    Command("credential az", f"{_A} -- account get-access-token --resource SCOPE"),
    Command("credential databricks-cli", f"{_A} -- auth token --host AUTHORITY"),
    Command("credential git", f"get {_A}", stdin="protocol=https\nhost=dev.azure.com\n\n"),
    Command("mirror", f"{_A} --browser BROWSER --redirect-uri http://localhost:FREE"),
    Command("mirror", "--prove", needs="curl"),
    Command("authorize-url", _A, keeps="url.txt"),
    Command("exchange", stdin=_ANSWER, code=3),
    Command("decode", stdin="TOKEN"),
    Command("explain", "code_verifier"),
    Command("completion", "bash"),
    Command("audit show", "rec"),
    Command("audit lint", "rec"),
    Command("audit lint", ". -o jsonl", code=9),
    Command("audit diff", "rec#4 article:curl", code=9),
    Command("audit lock", "rec -o oauth.lock"),
    Command("audit check", "rec --against oauth.lock"),
    Command("audit timeline", "rec", code=9),
    Command("audit export", "rec --as har", keeps="rec.har"),
    Command("audit export", "rec --as html", keeps="rec.html"),
    Command("audit redact", "rec.har -o clean.har"),
    Command("audit import", "rec.har -o imported"),
    Command("audit replay", "rec#2"),
    Command("audit seal", "rec --key key", needs="ssh-keygen"),
    Command("audit verify", "rec"),
    Command("audit seal", f"rec --by-sign-in {_A} --browser BROWSER"),
    Command("audit verify", "rec", code=9),
    Command("learn", "1 --no-pause", stdin="\n" * 40),
    Command("learn", "--spot --no-pause", stdin="answer\n" * 4),
    Command("lab list"),
    Command("lab", "1"),
    Command("lab", "1 --me lab01.py"),
    Command("lab check", "1 lab01.py", code=9),
    Command("demo"),
    Command("practice run", "-- PYTHON -c pass"),
    Command("practice fault", "csrf-state"),
    Command("practice fault", "--clear"),
    Command("practice clock", "+60"),
    Command("logout", "--all"),
)
"""In an order in which each finds what it needs."""
