"""A listener and a terminal at the same time.

`ListenOrPaste` takes the answer from whichever has it first: nobody can know whether a
browser elsewhere will reach this machine, through a tunnel or a published port.
`Interruptible` lets the person leave a listener that nothing reaches.

The listener waits in a thread (`SingleAnswer`), the terminal in the main one, where
Ctrl-C is seen.
"""

from __future__ import annotations

import getpass
import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from entra_oauth.channels.base import ignore
from entra_oauth.channels.paste.paste_prompt import (
    PasteWanted,
    ask_until_accepted,
    line_reader,
    what_to_paste,
    witnessed,
)
from entra_oauth.channels.paste.single_answer import SingleAnswer
from entra_oauth.channels.terminal.secret_line import find_terminal
from entra_oauth.channels.terminal.terminal import Woken
from entra_oauth.errors import CallbackRefused, TimedOut, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from entra_oauth.channels.base import FrontChannel, Outcome, RedirectReceiver, Witness
    from entra_oauth.channels.terminal.terminal import Terminal
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["Interruptible", "InterruptibleReceiver", "ListenOrPaste", "ListenOrPasteReceiver"]

T = TypeVar("T")

_LEAVE_S = 1.0
"""Seconds that the listener's thread has to end once its socket is shut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenOrPaste:
    """The front channel that listens and asks for a paste; the first answer counts.

    Without a terminal it only listens.
    """

    listener: FrontChannel
    """A `Listener` in response mode `query`, whose `launch` opens nothing and whose
    `say` says nothing: what there is to say is said here."""
    say: Callable[[str], None]
    """Tells the person one line. A line that holds the URL must not be wrapped."""
    terminal: Callable[[], Terminal | None] = find_terminal
    ssh_target: str | None = None
    """`user@host` as seen from the person's own computer; None guesses."""

    def open(self, witness: Witness = ignore) -> ListenOrPasteReceiver:
        """Raises `LocalError` as the listener does; `UsageError` for another mode."""
        receiver = self.listener.open(witness)
        if receiver.response_mode != "query":
            with receiver:
                raise UsageError(
                    f"An answer by {receiver.response_mode} cannot be pasted.",
                    advice="Use --response-mode query, or a browser on this machine.",
                )
        return ListenOrPasteReceiver(self, receiver, witness)


class ListenOrPasteReceiver:
    """One attempt with two ways back."""

    __slots__ = ("_front", "_heard", "_listener", "_thread", "_witness")

    def __init__(self, front: ListenOrPaste, listener: RedirectReceiver, witness: Witness) -> None:
        self._front = front
        self._listener = listener
        self._witness = witness
        self._thread: threading.Thread | None = None
        self._heard = True

    @property
    def redirect_uri(self) -> str:
        """The listener's."""
        return self._listener.redirect_uri

    @property
    def response_mode(self) -> str:
        """`query`, for both ways."""
        return self._listener.response_mode

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        """See `RedirectReceiver`. The end of the terminal's input leaves the listener waiting."""
        terminal = self._front.terminal()
        for line in self._what_to_do(url, can_paste=terminal is not None):
            self._front.say(line)
        if terminal is None:
            return self._listener.receive(url, read, timeout_s=timeout_s)
        with terminal:
            answer = SingleAnswer(read, terminal.wake)
            self._thread = answer.begin(self._listener, url, timeout_s=timeout_s)
            try:
                return self._first_of_both(answer, terminal, timeout_s)
            finally:
                answer.close()

    def _first_of_both(self, answer: SingleAnswer[T], terminal: Terminal, timeout_s: float) -> T:
        def accept(callback: HttpRequest) -> T:
            value = answer.from_terminal(callback)
            self._heard = False
            return value

        refusal: CallbackRefused | None = None
        try:
            return ask_until_accepted(
                self._until_the_end(line_reader(terminal)),
                witnessed(accept, self._witness),
                redirect_uri=self.redirect_uri,
                say=self._front.say,
                timeout_s=timeout_s,
            )
        except CallbackRefused as last:
            refusal = last
        except (TimedOut, EOFError, Woken):
            pass
        try:
            return answer.result()
        except TimedOut:
            if refusal is not None:
                raise refusal from None
            raise

    def _until_the_end(self, ask_line: Callable[[float], str]) -> Callable[[float], str]:
        def ask(timeout_s: float) -> str:
            try:
                return ask_line(timeout_s)
            except EOFError:
                self._front.say("No more pasting. Still waiting for the browser; Ctrl-C ends it.")
                raise

        return ask

    def _what_to_do(self, url: str, *, can_paste: bool) -> tuple[str, ...]:
        port = urlsplit(self.redirect_uri).port or 80
        target = self._front.ssh_target or _guess_ssh_target()
        tunnel = (
            "The answer comes to this machine. For a browser on your own computer, run this there "
            "first:",
            f"ssh -L {port}:localhost:{port} {target}",
        )
        if not can_paste:
            return (*tunnel, "Open this address, and sign in:", url)
        return (
            *tunnel,
            "Open this address in any browser, and sign in:",
            url,
            *what_to_paste(self.redirect_uri, if_so="Elsewhere, without that command, the"),
        )

    def report_outcome(self, outcome: Outcome) -> None:
        """On the listener's page, if the answer came to the listener."""
        if self._heard:
            self._listener.report_outcome(outcome)

    def __enter__(self) -> Self:
        self._listener.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.__exit__(kind, error, trace)
        if self._thread is not None:
            self._thread.join(_LEAVE_S)


def _guess_ssh_target() -> str:
    user = "you"
    with suppress(OSError, KeyError, ImportError):
        user = getpass.getuser()
    # "client address, client port, server address, server port" (ssh(1)).
    connection = os.environ.get("SSH_CONNECTION", "").split()
    return f"{user}@{connection[2] if len(connection) == 4 else socket.gethostname()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruptible:
    """A front channel that the person can leave by pressing `p`.

    Its `RedirectReceiver.receive` then raises `PasteWanted`. Without a terminal it is the inner
    channel and no more.
    """

    front: FrontChannel
    say: Callable[[str], None]
    terminal: Callable[[], Terminal | None] = find_terminal

    def open(self, witness: Witness = ignore) -> InterruptibleReceiver:
        """Raises `LocalError` as the inner channel does."""
        return InterruptibleReceiver(self, self.front.open(witness))


class InterruptibleReceiver:
    """One attempt at a receiver that can be left."""

    __slots__ = ("_front", "_receiver", "_thread")

    def __init__(self, front: Interruptible, receiver: RedirectReceiver) -> None:
        self._front = front
        self._receiver = receiver
        self._thread: threading.Thread | None = None

    @property
    def redirect_uri(self) -> str:
        """The inner receiver's."""
        return self._receiver.redirect_uri

    @property
    def response_mode(self) -> str:
        """The inner receiver's."""
        return self._receiver.response_mode

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        """See `RedirectReceiver`. Raises `PasteWanted` too, never after an answer was accepted."""
        terminal = self._front.terminal()
        if terminal is None:
            return self._receiver.receive(url, read, timeout_s=timeout_s)
        with terminal:
            answer = SingleAnswer(read, terminal.wake)
            self._front.say(
                "Is the browser on another machine, or does its last page not load? Press p to "
                "sign in again and paste that page's address."
            )
            self._thread = answer.begin(self._receiver, url, timeout_s=timeout_s)
            try:
                if _p_is_pressed(terminal) and answer.close():
                    raise PasteWanted
                return answer.result()
            finally:
                answer.close()

    def report_outcome(self, outcome: Outcome) -> None:
        """See `RedirectReceiver.report_outcome`."""
        self._receiver.report_outcome(outcome)

    def __enter__(self) -> Self:
        self._receiver.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._receiver.__exit__(kind, error, trace)
        if self._thread is not None:
            self._thread.join(_LEAVE_S)


def _p_is_pressed(terminal: Terminal) -> bool:
    """Wait for a `p`; False once the wait is ended, or the terminal is gone."""
    with suppress(Woken, EOFError):
        while True:
            keys = terminal.keys(60.0)
            if "\x03" in keys:
                raise KeyboardInterrupt
            if "p" in keys.lower():
                return True
    return False
