"""Speaking: results on standard output, everything for people on standard error."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from entra_oauth.errors import AuthorityError, EntraOAuthError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Console"]

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Where a command speaks. `quiet` drops what is not a result, an error or a question."""

    out: TextIO
    err: TextIO
    styled: bool
    quiet: bool = False
    as_json: bool = False

    @classmethod
    def standard(cls, *, quiet: bool = False, as_json: bool = False) -> Console:
        """The process's own streams, styled only where a person is looking."""
        return cls(
            out=sys.stdout,
            err=sys.stderr,
            styled=wants_style(sys.stderr, os.environ),
            quiet=quiet,
            as_json=as_json,
        )

    def result(self, text: str) -> None:
        """One line of what was asked for."""
        print(text, file=self.out, flush=True)

    def result_json(self, value: dict[str, Any]) -> None:
        """The same as JSON, one object."""
        print(json.dumps(value, indent=2, ensure_ascii=True), file=self.out, flush=True)

    def say(self, text: str = "") -> None:
        """A line for the person."""
        if not self.quiet:
            print(text, file=self.err, flush=True)

    def ask(self, text: str) -> None:
        """A question or an address the person needs: said even when quiet."""
        print(text, file=self.err, flush=True)

    def heading(self, text: str) -> None:
        """A line that starts a part."""
        self.say(f"{_BOLD}{text}{_RESET}" if self.styled else text)

    def dim(self, text: str) -> str:
        """Text of lesser weight."""
        return f"{_DIM}{text}{_RESET}" if self.styled else text

    def fail(self, error: EntraOAuthError) -> None:
        """What happened, what support will ask for, and one `Next:` line."""
        if self.as_json:
            print(json.dumps(_error_object(error), ensure_ascii=True), file=self.err, flush=True)
            return
        print(f"error: {error.what}", file=self.err)
        if isinstance(error, AuthorityError):
            for line in _reference_lines(error):
                print(f"  {line}", file=self.err)
        print(f"Next: {error.advice}", file=self.err, flush=True)


def wants_style(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether escape codes are welcome (no-color.org)."""
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return bool(environ.get("CLICOLOR_FORCE")) or stream.isatty()


def _reference_lines(error: AuthorityError) -> list[str]:
    named = (
        ("correlation id", error.correlation_id),
        ("trace id", error.trace_id),
        ("time", error.timestamp),
        ("suberror", error.suberror),
        ("look-up page", error.error_uri),
    )
    return [f"{name}: {value}" for name, value in named if value]


def _error_object(error: EntraOAuthError) -> dict[str, Any]:
    value: dict[str, Any] = {
        "schema": "entra-oauth/error/1",
        "kind": type(error).__name__,
        "what": error.what,
        "next": error.advice,
        "exit_code": error.exit_code,
    }
    if isinstance(error, AuthorityError):
        value |= {
            "stage": error.stage,
            "error": error.error,
            "error_description": error.description,
            "error_codes": list(error.error_codes),
            "suberror": error.suberror,
            "claims": error.claims,
            "trace_id": error.trace_id,
            "correlation_id": error.correlation_id,
            "timestamp": error.timestamp,
            "error_uri": error.error_uri,
        }
    return value
