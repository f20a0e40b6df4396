"""The session of a verb, and its voice: results on standard output, all for people on error."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

from entra_oauth.channels.base import now
from entra_oauth.errors import (
    ApiRefused,
    AuthorityError,
    EntraOAuthError,
    LocalError,
    plain,
    plain_lines,
)
from entra_oauth.light import TYPE_CHECKING, dataclass, field, pattern, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TextIO

    from entra_oauth.channels.base import Channels, FrontChannel
    from entra_oauth.lessons.live_explain import Explained
    from entra_oauth.recording import Recorder

__all__ = ["Console", "Session", "is_reader_gone", "wants_style"]

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_STYLE = pattern(r"(\x1b\[[012]m)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The voice of a command. `quiet` drops what is not a result, an error or a question.

    No control or bidi character of anybody's gets to the terminal as itself, but line ends,
    tabs and the styles of this class. Pieces of text from outside come here through `plain`
    all the same, which also keeps them in their line.
    """

    out: TextIO
    err: TextIO
    styled: bool
    quiet: bool = False
    as_json: bool = False
    columns: int | None = None
    """The width of the person's terminal; None where lines are not to be broken."""
    announced: set[str] = field(default_factory=set)
    """The lines that `announce` has said, of all consoles that were made from this one."""
    deserted: set[TextIO] = field(default_factory=set)
    """The results' stream, once its reader has gone; of the same consoles."""

    @classmethod
    def standard(cls, *, as_json: bool = False) -> Console:
        """The process's own streams, styled only where a person is looking."""
        _occupy_closed_streams()
        for stream in (sys.stdout, sys.stderr):
            # Windows would end lines with CR LF, and a token would then end in a CR elsewhere.
            # What the locale's encoding lacks is spelled out; it is no reason to fail.
            if reconfigure := getattr(stream, "reconfigure", None):
                reconfigure(errors="backslashreplace", newline="\n")
        return cls(
            out=sys.stdout,
            err=sys.stderr,
            styled=wants_style(sys.stderr, os.environ),
            as_json=as_json,
            columns=_columns_of(sys.stderr),
        )

    def result(self, text: str) -> None:
        """One line of what was asked for. Raises `LocalError` if it cannot be written.

        A reader that has gone is no error, and changes nothing of what the command finds: it
        goes on, and the rest of its results goes nowhere.
        """
        try:
            _write(self.out, f"{self._tamed(text)}\n")
        except OSError as error:
            self._not_written(error)

    def result_sentence(self, text: str) -> None:
        """The same, as sentences: broken at spaces on a terminal, and whole in a pipe."""
        self.result(_filled(text, _columns_of(self.out)))

    def result_rows(self, lines: Sequence[str]) -> None:
        """The same, as a list: on a terminal a row that is too long goes on further in."""
        columns = _columns_of(self.out)
        if columns is not None:
            from entra_oauth.cli.session.wrap import LEAST_WIDTH, hanging

            lines = [hanging(line, max(columns, LEAST_WIDTH)) for line in lines]
        self.result("\n".join(lines))

    def result_bytes(self, data: bytes) -> None:
        """The result exactly as it is, without a line break of ours. See `result`."""
        raw = getattr(self.out, "buffer", None)
        try:
            self.out.flush()
            if raw is None:
                self.out.write(data.decode("utf-8", "replace"))
            else:
                raw.write(data)
            self.out.flush()
        except OSError as error:
            self._not_written(error)

    def result_json(self, value: dict[str, Any]) -> None:
        """The same as JSON, one object."""
        import json

        self.result(json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False))

    @property
    def is_read(self) -> bool:
        """False once the reader of the results has gone."""
        return self.out not in self.deserted

    def _not_written(self, error: OSError) -> None:
        _give_up(self.out)
        if not is_reader_gone(error):
            raise LocalError(
                f"Standard output cannot be written to: {error.strerror}.",
                advice="Send it somewhere else, or make room there, then run this again.",
            ) from None
        self.deserted.add(self.out)

    def say(self, text: str = "") -> None:
        """A line for the person."""
        if not self.quiet:
            self.ask(text)

    def announce(self, text: str) -> None:
        """A line that is said once, however many channels a command opens after the other."""
        if not self.quiet and text not in self.announced:
            self.announced.add(text)
            self.ask(text)

    def ask(self, text: str) -> None:
        """A question or an address the person needs: said even when quiet."""
        self._speak(_filled(text, self.columns))

    def prompt(self, text: str) -> None:
        """A question whose answer is typed in the same line."""
        self._speak(text, end="")

    def _speak(self, text: str, *, end: str = "\n") -> None:
        try:
            _write(self.err, self._tamed(text) + end)
        except OSError:
            # Nobody listens. That is no reason to give up the work.
            _give_up(self.err)

    def _tamed(self, text: str) -> str:
        if not self.styled:
            return plain_lines(text)
        return "".join(
            piece if at % 2 else plain_lines(piece) for at, piece in enumerate(_STYLE.split(text))
        )

    def bold(self, text: str) -> str:
        """Text of more weight."""
        return f"{_BOLD}{text}{_RESET}" if self.styled else text

    def dim(self, text: str) -> str:
        """Text of lesser weight."""
        return f"{_DIM}{text}{_RESET}" if self.styled else text

    def fail(self, error: EntraOAuthError) -> None:
        """An error: what happened, what support will ask for, and one `Next:` line."""
        if self.as_json:
            self._object(_error_object(error))
            return
        lines = [f"error: {error.what}"]
        if isinstance(error, AuthorityError):
            lines += [f"  {line}" for line in _reference_lines(error)]
            if error.cause:
                lines.append(self._laid_out(f"  usual cause: {error.cause}"))
            if claims := _claims_option(error.claims):
                lines.append(f"  claims challenge, ready to be passed on: {claims}")
        self.ask("\n".join((*lines, f"Next: {error.advice}")))

    def _laid_out(self, line: str) -> str:
        if self.columns is None or len(line) <= self.columns:
            return line
        from entra_oauth.cli.session.wrap import LEAST_WIDTH, hanging

        return hanging(line, max(self.columns, LEAST_WIDTH))

    def stopped(self, exit_code: int) -> None:
        """Somebody ended the program: no error of anybody's."""
        what, advice = "Stopped.", "Run the command again when you are ready."
        if self.as_json:
            self._object(_object("Stopped", what, advice, exit_code))
        else:
            self.ask(f"\n{what}\nNext: {advice}")

    def _object(self, value: dict[str, Any]) -> None:
        import json

        self._speak(json.dumps(value, ensure_ascii=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The values that a verb gets beside its options."""

    verb: str
    """Its name."""
    console: Console
    environ: Mapping[str, str]
    recorder: Recorder | None = None
    """Writes down what passes, with `--record`."""
    explainer: Explained | None = None
    """Explains each message, with `--explain`, `--pause` or `--predict`."""
    now: Callable[[], float] = now
    """Seconds since 1970."""

    @property
    def is_watched(self) -> bool:
        """True if messages are recorded or explained."""
        return self.recorder is not None or self.explainer is not None

    def watched(self, channels: Channels) -> Channels:
        """The same channels, recorded and explained as was asked for.

        The explainer is the outer one: it speaks before a message is sent.
        """
        if self.recorder is not None:
            channels = self.recorder.wrap(channels)
        return channels if self.explainer is None else self.explainer.wrap(channels)

    def with_front(self, channels: Channels, front: FrontChannel) -> Channels:
        """Channels that are watched already, with this front, which is not yet."""
        channels = replace(channels, front=front)
        if self.recorder is not None:
            channels = replace(channels, front=self.recorder.wrap(channels).front)
        return channels if self.explainer is None else self.explainer.wrap_front(channels)


def _write(stream: TextIO, text: str) -> None:
    # In one piece: neither a thread nor a signal gets in before the line's end.
    stream.write(text)
    stream.flush()


def is_reader_gone(error: OSError, *, windows: bool = os.name == "nt") -> bool:
    """True if nobody reads a pipe any more. Windows calls that an invalid argument too."""
    return isinstance(error, BrokenPipeError) or (windows and error.errno == errno.EINVAL)


def _columns_of(stream: TextIO) -> int | None:
    """The width of the terminal that a stream leads to; None for what is no terminal."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None if stream.isatty() else None
    except (OSError, ValueError):
        return None


def _filled(text: str, columns: int | None) -> str:
    if columns is None or len(text) <= columns:
        return text
    from entra_oauth.cli.session.wrap import LEAST_WIDTH, filled

    return filled(text, max(columns, LEAST_WIDTH))


def _occupy_closed_streams() -> None:
    # The number of a closed stream would go to the next socket or file, and print()
    # would turn to standard output. A result may not vanish: that one cannot be written.
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _give_up(stream: TextIO) -> None:
    """Lead a stream nowhere. Python would complain once more while it flushes at exit."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def wants_style(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """True if escape codes are welcome (no-color.org, bixense.com/clicolors)."""
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    if environ.get("CLICOLOR_FORCE", "") not in ("", "0"):
        return True
    # The old console of Windows shows the codes as they are.
    return stream.isatty() and (os.name != "nt" or "WT_SESSION" in environ)


def _reference_lines(error: AuthorityError) -> list[str]:
    named = (
        ("correlation id", error.correlation_id),
        ("trace id", error.trace_id),
        ("time", error.timestamp),
        ("suberror", error.suberror),
        ("look-up page", error.error_uri),
    )
    return [f"{name}: {value}" for name, value in named if value]


def _claims_option(claims: str | None) -> str | None:
    if not claims or plain(claims, limit=8192) != claims:
        return None
    from entra_oauth.shell_words import json_word

    return f"--claims {json_word(claims)}"


def _object(kind: str, what: str, advice: str, exit_code: int) -> dict[str, Any]:
    return {
        "schema": "entra-oauth/error/1",
        "kind": kind,
        "what": what,
        "next": advice,
        "exit_code": exit_code,
    }


def _error_object(error: EntraOAuthError) -> dict[str, Any]:
    value = _object(type(error).__name__, error.what, error.advice, error.exit_code)
    if isinstance(error, ApiRefused):
        value |= {"stage": "api", "http_status": error.http_status, "claims": error.claims}
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
            "meaning": error.meaning,
            "cause": error.cause,
            "helps": list(error.helps),
        }
    return value
