"""A terminal beside a receiver that waits for the browser.

`Interruptible` lets the person leave a listener that nothing reaches. The receiver waits in a
thread (`SingleAnswer`), the terminal in the main one, where Ctrl-C is seen.

Whoever signs in at a terminal imports this before the browser opens, and nothing of pasting.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from entra_oauth.channels.base import PasteWanted
from entra_oauth.channels.terminal.secret_line import find_terminal
from entra_oauth.channels.terminal.terminal import Woken
from entra_oauth.errors import CallbackRefused
from entra_oauth.light import TYPE_CHECKING, Protocol, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self, TypeVar

    from entra_oauth.channels.base import FrontChannel, Outcome, RedirectReceiver, Witness
    from entra_oauth.channels.terminal.terminal import Terminal
    from entra_oauth.protocol.messages import HttpRequest

    T = TypeVar("T")

__all__ = ["BesideTerminal", "Interruptible", "ReceiverBesideTerminal", "SingleAnswer"]

_LEAVE_S = 1.0
"""Seconds that the listener's thread has to end once its socket is shut."""

_MOST_PRESSED = 3
"""So many keys at once may be pressed; more are a command that was pasted."""

# Waits are cut into pieces, because Windows lets no Ctrl-C into a long one.
_SLICE_S = 0.25


class BesideTerminal(Protocol):
    """A front channel's own word on the terminal beside it."""

    def invite(self, url: str, redirect_uri: str, *, can_paste: bool) -> None:
        """Say what can be done there."""

    def find_terminal(self) -> Terminal | None:
        """The terminal to wait at; None without one."""

    def wait(self, answer: SingleAnswer, terminal: Terminal, timeout_s: float) -> Any:
        """Wait at the terminal, inside its `with` block, or for the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruptible:
    """A front channel that the person can leave by pressing `p`.

    Its `RedirectReceiver.receive` then raises `PasteWanted`, never after an answer was
    accepted. Without a terminal it is the inner channel and no more.
    """

    front: FrontChannel
    say: Callable[[str], None]
    terminal: Callable[[], Terminal | None] = find_terminal

    def open(self, witness: Witness | None = None) -> ReceiverBesideTerminal:
        """Raises `LocalError` as the inner channel does."""
        return ReceiverBesideTerminal(self, self.front.open(witness), witness)

    def invite(self, url: str, redirect_uri: str, *, can_paste: bool) -> None:
        """Name the key."""
        if can_paste:
            self.say(
                "Is the browser on another machine, or does its last page not load? Press p to "
                "sign in again and paste that page's address."
            )

    def find_terminal(self) -> Terminal | None:
        """The terminal to wait at; None without one, or if the shell's next lines are in it.

        Whoever pastes several commands has typed ahead: these keys are the shell's.
        """
        terminal = self.terminal()
        return None if terminal is None or terminal.has_typed_ahead() else terminal

    def wait(self, answer: SingleAnswer, terminal: Terminal, timeout_s: float) -> Any:
        """Wait for a `p`, or for the answer."""
        if _p_is_pressed(terminal) and answer.close():
            raise PasteWanted
        return answer.result()


def _p_is_pressed(terminal: Terminal) -> bool:
    """Wait for a `p`; False once the wait is ended, or the terminal is gone."""
    with suppress(Woken, EOFError):
        while True:
            keys = terminal.keys(60.0)
            if "\x03" in keys:
                raise KeyboardInterrupt
            if "p" in keys.lower() and len(keys) <= _MOST_PRESSED:
                return True
    return False


class ReceiverBesideTerminal:
    """One attempt at a receiver, with a terminal beside it."""

    __slots__ = ("_answer", "_front", "_receiver", "_thread", "_witness")

    def __init__(
        self, front: BesideTerminal, receiver: RedirectReceiver, witness: Witness | None
    ) -> None:
        self._front = front
        self._receiver = receiver
        self._witness = witness
        self._answer: SingleAnswer | None = None
        self._thread: threading.Thread | None = None

    @property
    def redirect_uri(self) -> str:
        """The inner receiver's."""
        return self._receiver.redirect_uri

    @property
    def response_mode(self) -> str:
        """The inner receiver's, for both ways."""
        return self._receiver.response_mode

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        """See `RedirectReceiver`, and the front channel's own word."""
        front, terminal = self._front, self._front.find_terminal()
        front.invite(url, self.redirect_uri, can_paste=terminal is not None)
        if terminal is None:
            return self._receiver.receive(url, read, timeout_s=timeout_s)
        with terminal:
            self._answer = answer = SingleAnswer(read, terminal.wake, self._witness)
            self._thread = answer.begin(self._receiver, url, timeout_s=timeout_s)
            try:
                value: T = front.wait(answer, terminal, timeout_s)
                return value
            finally:
                answer.close()

    def report_outcome(self, outcome: Outcome) -> None:
        """On the receiver's page, if the answer came there."""
        if self._answer is None or not self._answer.was_pasted:
            self._receiver.report_outcome(outcome)

    def __enter__(self) -> Self:
        self._receiver.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._receiver.__exit__(*exc)
        if self._thread is not None:
            self._thread.join(_LEAVE_S)


class SingleAnswer:
    """One wait at a receiver, in a thread of its own, behind a latch.

    One latch stands before `read`: it never runs twice at a time, and once one answer was
    accepted, or ended the wait, no other is looked at (RFC 6749 §4.1.2: a code is used once).

    `wake` is called from that thread when the wait is over. The receiver has to end
    its `receive` when it is left, or else the thread stays until the deadline.
    """

    def __init__(
        self,
        read: Callable[[HttpRequest], T],
        wake: Callable[[], None],
        witness: Witness | None = None,
    ) -> None:
        self._read = read
        self._wake = wake
        self._witness = witness
        self.redirect_uri = self.url = ""
        self._latch = threading.Lock()
        self._settled = False
        self.was_pasted = False
        """True once the answer that counts came from the terminal."""
        self._over = threading.Event()
        self._values: list[Any] = []
        self._error: BaseException | None = None

    def begin(self, receiver: RedirectReceiver, url: str, *, timeout_s: float) -> threading.Thread:
        """Start to wait at `receiver`; returns at once."""
        self.redirect_uri, self.url = receiver.redirect_uri, url

        def wait() -> None:
            try:
                self._values.append(receiver.receive(url, self._from_receiver, timeout_s=timeout_s))
            except BaseException as error:
                self._error = error
            finally:
                self._over.set()
                self._wake()

        thread = threading.Thread(target=wait, name="listener", daemon=True)
        thread.start()
        return thread

    def from_terminal(self, callback: HttpRequest) -> Any:
        """What was read of it, unless the receiver was first: then `Woken` is raised."""
        from entra_oauth.channels.paste.paste_prompt import witnessed

        return witnessed(self._from_terminal, self._witness)(callback)

    def result(self) -> Any:
        """The value that the wait at the receiver came to, or its error raised, once it is over."""
        while not self._over.wait(_SLICE_S):
            pass
        if self._error is not None:
            raise self._error
        return self._values[0]

    def close(self) -> bool:
        """Let no answer in from now on; False if one is in already."""
        # Under the latch: an answer that is being judged is waited for, and then counts.
        with self._latch:
            was_open, self._settled = not self._settled, True
        return was_open

    def _from_terminal(self, callback: HttpRequest) -> Any:
        with self._latch:
            if self._settled:
                raise Woken
            value = self._judged(callback)
            self.was_pasted = True
            return value

    def _from_receiver(self, callback: HttpRequest) -> Any:
        with self._latch:
            if self._settled:
                raise CallbackRefused(
                    "The sign-in was answered in another way already.",
                    advice="Close the browser window and look at the terminal.",
                )
            return self._judged(callback)

    def _judged(self, callback: HttpRequest) -> Any:
        try:
            value = self._read(callback)
        except CallbackRefused:
            raise
        except BaseException:
            self._settled = True
            raise
        self._settled = True
        return value
