"""A listener and a terminal at the same time.

`ListenOrPaste` takes the answer from whichever has it first: nobody can know whether a
browser elsewhere will reach this machine, through a tunnel or a published port.
"""

from __future__ import annotations

from entra_oauth.channels.paste.beside_terminal import ReceiverBesideTerminal
from entra_oauth.channels.paste.paste_prompt import (
    ask_until_accepted,
    line_reader,
    state_of,
    what_to_paste,
)
from entra_oauth.channels.paste.ssh_tunnel import tunnel
from entra_oauth.channels.terminal.secret_line import find_terminal
from entra_oauth.channels.terminal.terminal import Woken
from entra_oauth.errors import CallbackRefused, TimedOut, UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from entra_oauth.channels.base import FrontChannel, Witness
    from entra_oauth.channels.paste.beside_terminal import SingleAnswer
    from entra_oauth.channels.terminal.terminal import Terminal

__all__ = ["ListenOrPaste"]


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

    def open(self, witness: Witness | None = None) -> ReceiverBesideTerminal:
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

    def wait(self, answer: SingleAnswer, terminal: Terminal, timeout_s: float) -> Any:
        """Ask for the address until it is there, or has come to the listener."""
        refusal: CallbackRefused | None = None
        try:
            return ask_until_accepted(
                self._until_the_end(line_reader(terminal)),
                answer.from_terminal,
                redirect_uri=answer.redirect_uri,
                state=state_of(answer.url),
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
