"""A listener and a terminal at the same time.

`ListenOrPaste` takes the answer from whichever has it first: nobody can know whether a
browser elsewhere will reach this machine, through a tunnel or a published port.
`Interruptible` lets the person leave a listener that nothing reaches.

The listener waits in a thread (`SingleAnswer`), the terminal in the main one, where
Ctrl-C is seen.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any, Generic, TypeVar

from entra_oauth.channels.base import PasteWanted, ignore
from entra_oauth.channels.paste.paste_prompt import (
    ask_until_accepted,
    line_reader,
    state_of,
    what_to_paste,
    witnessed,
)
from entra_oauth.channels.paste.ssh_tunnel import tunnel
from entra_oauth.channels.terminal.secret_line import find_terminal
from entra_oauth.channels.terminal.terminal import Woken
from entra_oauth.errors import CallbackRefused, TimedOut, UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.channels.base import FrontChannel, Outcome, RedirectReceiver, Witness
    from entra_oauth.channels.terminal.terminal import Terminal
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["Interruptible", "ListenOrPaste", "ReceiverBesideTerminal", "SingleAnswer"]

T = TypeVar("T")

_LEAVE_S = 1.0
"""Seconds that the listener's thread has to end once its socket is shut."""

_MOST_PRESSED = 3
"""So many keys at once may be pressed; more are a command that was pasted."""

# Waits are cut into pieces, because Windows lets no Ctrl-C into a long one.
_SLICE_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenOrPaste:
    """The front channel that listens and asks for a paste; the first answer counts.

    Without a terminal it only listens. The end of the terminal's input leaves the
    listener waiting.
    """

    listener: FrontChannel
    """A `Listener` in response mode `query`, whose `launch` opens nothing and whose
    `say` says nothing: what there is to say is said here."""
    say: Callable[[str], None]
    """Tells the person one line. A line that holds the URL must not be wrapped."""
    terminal: Callable[[], Terminal | None] = find_terminal
    ssh_target: str | None = None
    """`user@host` as seen from the person's own computer; None guesses, with the port."""

    def open(self, witness: Witness = ignore) -> ReceiverBesideTerminal:
        """Raises `LocalError` as the listener does; `UsageError` for another mode."""
        receiver = self.listener.open(witness)
        if receiver.response_mode != "query":
            with receiver:
                raise UsageError(
                    f"An answer by {receiver.response_mode} cannot be pasted.",
                    advice="Use --response-mode query, or a browser on this machine.",
                )
        return ReceiverBesideTerminal(self, receiver, witness)

    def invite(self, url: str, redirect_uri: str, *, can_paste: bool) -> None:
        """Say what to do."""
        open_it = "Open this address in any browser" if can_paste else "Open this address"
        elsewhere = "Elsewhere, without that command, the"
        for line in (
            *tunnel(url, redirect_uri, self.ssh_target),
            f"{open_it}, and sign in:",
            url,
            *(what_to_paste(redirect_uri, if_so=elsewhere) if can_paste else ()),
        ):
            self.say(line)

    def find_terminal(self) -> Terminal | None:
        """The terminal to ask at; None without one."""
        return self.terminal()

    def wait(self, answer: SingleAnswer[T], terminal: Terminal, timeout_s: float) -> T:
        """Ask for the address until it is there, or has come to the listener."""
        refusal: CallbackRefused | None = None
        try:
            return ask_until_accepted(
                self._until_the_end(line_reader(terminal)),
                answer.from_terminal,
                redirect_uri=answer.redirect_uri,
                state=answer.state,
                say=self.say,
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
                self.say("No more pasting. Still waiting for the browser; Ctrl-C ends it.")
                raise

        return ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruptible:
    """A front channel that the person can leave by pressing `p`.

    Its `RedirectReceiver.receive` then raises `PasteWanted`, never after an answer was
    accepted. Without a terminal it is the inner channel and no more.
    """

    front: FrontChannel
    say: Callable[[str], None]
    terminal: Callable[[], Terminal | None] = find_terminal

    def open(self, witness: Witness = ignore) -> ReceiverBesideTerminal:
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

    def wait(self, answer: SingleAnswer[T], terminal: Terminal, timeout_s: float) -> T:
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
        self, front: ListenOrPaste | Interruptible, receiver: RedirectReceiver, witness: Witness
    ) -> None:
        self._front = front
        self._receiver = receiver
        self._witness = witness
        self._answer: SingleAnswer[Any] | None = None
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
                return front.wait(answer, terminal, timeout_s)
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


class SingleAnswer(Generic[T]):
    """One wait at a receiver, in a thread of its own, behind a latch.

    One latch stands before `read`: it never runs twice at a time, and once one answer was
    accepted, or ended the wait, no other is looked at (RFC 6749 §4.1.2: a code is used once).

    `wake` is called from that thread when the wait is over. The receiver has to end
    its `receive` when it is left, or else the thread stays until the deadline.
    """

    def __init__(
        self, read: Callable[[HttpRequest], T], wake: Callable[[], None], witness: Witness = ignore
    ) -> None:
        self._read = read
        self._wake = wake
        self.from_terminal = witnessed(self._from_terminal, witness)
        """`read`, unless the receiver was first: then `Woken`."""
        self.redirect_uri = self.state = ""
        self._latch = threading.Lock()
        self._settled = False
        self.was_pasted = False
        """True once the answer that counts came from the terminal."""
        self._over = threading.Event()
        self._values: list[T] = []
        self._error: BaseException | None = None

    def begin(self, receiver: RedirectReceiver, url: str, *, timeout_s: float) -> threading.Thread:
        """Start to wait at `receiver`; returns at once."""
        self.redirect_uri, self.state = receiver.redirect_uri, state_of(url)

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

    def result(self) -> T:
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

    def _from_terminal(self, callback: HttpRequest) -> T:
        with self._latch:
            if self._settled:
                raise Woken
            value = self._judged(callback)
            self.was_pasted = True
            return value

    def _from_receiver(self, callback: HttpRequest) -> T:
        with self._latch:
            if self._settled:
                raise CallbackRefused(
                    "The sign-in was answered in another way already.",
                    advice="Close the browser window and look at the terminal.",
                )
            return self._judged(callback)

    def _judged(self, callback: HttpRequest) -> T:
        try:
            value = self._read(callback)
        except CallbackRefused:
            raise
        except BaseException:
            self._settled = True
            raise
        self._settled = True
        return value
