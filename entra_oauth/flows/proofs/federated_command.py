"""A federated token that a command prints, as `spire-agent api fetch jwt` does.

The command is a list of words, run without a shell, with nothing to read, for at most ten
seconds. What it says on its standard error is not shown: tools print tokens there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import ExitStack, suppress

from entra_oauth import child_program
from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.flows.proofs.federated_text import MOST_BYTES, token_in
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.endpoints.client_auth import FederatedAssertion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.protocol.endpoints.client_auth import Proof

__all__ = ["LONGEST_S", "FederatedCommand", "words_of"]

LONGEST_S = 10.0
"""Seconds that the command may take."""
_ADVICE = "Run the command yourself: it has to print one token and nothing else, and end with 0."


def words_of(text: str) -> tuple[str, ...]:
    """The words of a command that is written as a JSON list. Raises `UsageError`."""
    import json

    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        words = None
    if not isinstance(words, list) or not words or not all(_is_word(each) for each in words):
        raise UsageError(
            "--federated-token-command is no JSON list of words.",
            advice='Write it as \'["PROGRAM", "ARGUMENT", …]\': no shell takes it apart.',
        )
    return tuple(words)


def _is_word(each: object) -> bool:
    return isinstance(each, str) and bool(each) and "\0" not in each


@dataclass(frozen=True, slots=True)
class FederatedCommand:
    """A command that prints the token. It is run for each request."""

    words: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    longest_s: float = LONGEST_S

    def token(self) -> str:
        """The token that it prints now. Raises `LocalError` and `UsageError`."""
        name = plain(os.path.basename(self.words[0]), limit=80)
        content, code = self._run(name)
        if code != 0:
            raise LocalError(
                f"The command for the federated token ({name}) ended with {code}.", advice=_ADVICE
            )
        source = f"What the command for the federated token ({name}) printed"
        return token_in(content, source=source, advice=_ADVICE)

    def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
        """See `Credential.prove`. Raises `LocalError` too."""
        return FederatedAssertion(self.token()).prove(client_id, audience, now=now)

    def _run(self, name: str) -> tuple[bytes, int]:
        """Its standard output, one byte more than may be at most, and its exit code."""
        is_late = threading.Event()
        with ExitStack() as at_the_end:
            with child_program.signals_kept():
                process = self._started(name)
                at_the_end.callback(_end, process)

            def stop() -> None:
                if process.returncode is None:  # not yet waited for: its number is still its own
                    is_late.set()
                    _kill(process)

            timer = threading.Timer(self.longest_s, stop)
            timer.daemon = True
            timer.start()
            at_the_end.callback(timer.cancel)
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            content = process.stdout.read(MOST_BYTES + 1)
            code = process.wait() if len(content) <= MOST_BYTES else 0
        if is_late.is_set():
            raise LocalError(
                f"The command for the federated token ({name}) did not end in "
                f"{self.longest_s:g} seconds, and was stopped.",
                advice=_ADVICE,
            )
        return content, child_program.exit_code(code)

    def _started(self, name: str) -> subprocess.Popen[bytes]:
        program = child_program.find(self.words[0], self.environ) or self.words[0]
        try:
            return subprocess.Popen(  # noqa: S603 - a list, named by an option alone
                [program, *self.words[1:]],
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a group of its own, to end what it has started too
            )
        except OSError as error:
            raise LocalError(
                f"The command for the federated token ({name}) cannot be started: "
                f"{error.strerror}.",
                advice="Check the name of the program, and that it may be run.",
            ) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of it goes on, whatever ended the reading: Ctrl-C and SIGTERM too."""
    if process.poll() is None:
        _kill(process)
    if process.stdout is not None:
        process.stdout.close()
    process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it and, where there are groups, all that it has started."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
