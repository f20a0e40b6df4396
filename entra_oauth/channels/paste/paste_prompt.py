"""The other way back of a sign-in: the person pastes the address on which the browser ended.

`Paste` needs no listener, so it works where the browser is on another machine and
where the redirect URI's port cannot be had. The state is checked like that of
any redirect. A mistake is explained, and the question is put again.

The address holds the code. It is read without echo, and shown nowhere.
"""

from __future__ import annotations

from contextlib import ExitStack
from urllib.parse import urlsplit

from entra_oauth.channels.base import monotonic
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.channels.paste.parse_pasted import parse_pasted
from entra_oauth.channels.terminal.secret_line import find_terminal, read_line, some_terminal
from entra_oauth.channels.terminal.terminal import Woken
from entra_oauth.errors import (
    AuthorityError,
    CallbackRefused,
    EntraOAuthError,
    LocalError,
    TimedOut,
    plain,
)
from entra_oauth.light import TYPE_CHECKING, dataclass
from entra_oauth.protocol.messages import HttpRequest, is_loopback, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TypeVar

    from entra_oauth.channels.base import Outcome, Witness
    from entra_oauth.channels.terminal.terminal import Terminal

    T = TypeVar("T")

__all__ = [
    "PROMPT",
    "Paste",
    "PasteReceiver",
    "ask_until_accepted",
    "heard_no_other",
    "line_reader",
    "parse_pasted",
    "pasted_no_other",
    "state_of",
    "what_to_paste",
    "witnessed",
]


def heard_no_other(last: CallbackRefused) -> CallbackRefused:
    """The end of a listener's wait: the same kind of error, to be raised."""
    return type(last)(
        f"{last.what} No other answer came in time, so the wait is over.",
        advice="Nothing was used. Start again, and finish in the window that opens then: a page "
        "that is left of an earlier attempt brings the answer to that one. If it comes again "
        "without such a page, something else sends redirects to this machine.",
    )


def pasted_no_other(last: CallbackRefused) -> CallbackRefused:
    """The end of a wait at a prompt: the same kind of error, to be raised."""
    return type(last)(
        f"{last.what} No other address was pasted.",
        advice="Nothing was used. Start again, and paste the whole address on which that "
        "sign-in ends, from the address bar.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Paste:
    """The front channel whose way back is a prompt; its response mode is `query`."""

    redirect_uri: str
    """As registered. Nothing has to listen there."""
    say: Callable[[str], None]
    """Tells the person one line. A line that holds the URL must not be wrapped."""
    launch: Callable[[str], bool] | None = None
    """Opens a browser and says whether it could; without it the person does."""
    ask_line: Callable[[float], str] | None = None
    """Reads one answer within so many seconds, as `line_reader` does; None asks on
    the terminal. Raises `TimedOut`, and `EOFError` when no answer can come any more."""
    terminal: Callable[[], Terminal | None] = find_terminal

    def open(self, witness: Witness | None = None) -> PasteReceiver:
        """Raises `LocalError` if there is no terminal to paste into."""
        if self.ask_line is None:
            some_terminal(self.terminal)
        return PasteReceiver(self, witness)


class PasteReceiver:
    """One attempt that ends with a pasted address."""

    __slots__ = ("_front", "_witness")

    def __init__(self, front: Paste, witness: Witness | None) -> None:
        self._front = front
        self._witness = witness

    @property
    def redirect_uri(self) -> str:
        """The redirect URI to be sent, as it was given."""
        return self._front.redirect_uri

    @property
    def response_mode(self) -> str:
        """`query`: no other mode leaves an answer in the address bar."""
        return "query"

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        """See `RedirectReceiver`. Raises `LocalError` if the input ends without an answer."""
        if self._witness is not None:
            self._witness(FrontEvent(Occurred.ASKED), HttpRequest(method="GET", url=url), None)
        launch = self._front.launch
        opened = launch is not None and launch(url)
        for line in (_TO_BE_OPENED[opened], url, *what_to_paste(self.redirect_uri)):
            self._front.say(line)
        with ExitStack() as stack:
            try:
                return ask_until_accepted(
                    self._line_reader(stack),
                    witnessed(read, self._witness),
                    redirect_uri=self.redirect_uri,
                    state=state_of(url),
                    say=self._front.say,
                    timeout_s=timeout_s,
                )
            except EOFError:
                raise LocalError(
                    "The input ended before an address was pasted.",
                    advice="Start again, and paste the address on which the browser ends.",
                ) from None

    def _line_reader(self, stack: ExitStack) -> Callable[[float], str]:
        if self._front.ask_line is not None:
            return self._front.ask_line
        # One block for all attempts: between two of them, too, nothing is echoed.
        return line_reader(stack.enter_context(some_terminal(self._front.terminal)))

    def report_outcome(self, outcome: Outcome) -> None:
        """There is no page of ours to say it on; the terminal is the caller's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing is held: the terminal is given back at the end of `receive`."""


_TO_BE_OPENED = {
    True: "Your browser opens for the sign-in. If it does not, open this address, anywhere:",
    False: "Open this address in a browser, on any machine, and sign in:",
}
PROMPT = "Paste the address here and press Enter. It will not be shown.\n"


_MOVES_ON = {
    "nativeclient": (
        "Be quick: after about a second that page moves on to one called wrongplace, and the "
        "answer is gone from the address bar. http://localhost and --flow device-code do not.",
    )
}
"""Since December 2025, by the last part of the redirect URI."""


def what_to_paste(redirect_uri: str, *, if_so: str = "The") -> tuple[str, ...]:
    """The lines that say what the person will see at the end, and what to do then.

    `if_so` begins the first sentence, so that it can name a condition.
    """
    host = urlsplit(redirect_uri).hostname or ""
    ends = "on a page that does not load" if is_loopback(host) else "on an empty page"
    return (
        f"{if_so} browser will end {ends}, at {redirect_uri}: "
        "that is right. Copy its whole address from the address bar.",
        *_MOVES_ON.get(urlsplit(redirect_uri).path.rpartition("/")[2], ()),
        "Paste it here and nowhere else: it stands for your sign-in.",
        "If it stops on an error page instead, such as AADSTS50011 (the app has no mobile and "
        f"desktop redirect URI {_registered(redirect_uri)}), end this with Ctrl-C and cure that "
        "first.",
    )


def _registered(redirect_uri: str) -> str:
    # Entra ignores the port of localhost, so nobody need register one there.
    host_and_port = urlsplit(redirect_uri).netloc
    if host_and_port.startswith("localhost:"):
        return redirect_uri.replace(host_and_port, "localhost", 1)
    return redirect_uri


def line_reader(terminal: Terminal) -> Callable[[float], str]:
    """Asks for an address on a terminal that is inside its `with` block."""
    return lambda timeout_s: read_line(terminal, PROMPT, timeout_s=timeout_s)


def state_of(url: str) -> str:
    """The state of the request that the person is sent to; empty if there is none."""
    return dict(parse_form(urlsplit(url).query)).get("state", "")


def witnessed(
    read: Callable[[HttpRequest], T], witness: Witness | None
) -> Callable[[HttpRequest], T]:
    """`read`, which also tells the witness, if there is one, what became of each address."""
    if witness is None:
        return read

    def judge(callback: HttpRequest) -> T:
        try:
            value = read(callback)
        except AuthorityError:
            witness(FrontEvent(Occurred.ACCEPTED, "an error of the authority"), callback, None)
            raise
        except EntraOAuthError as error:
            witness(FrontEvent(Occurred.REFUSED, error.what), callback, None)
            raise
        witness(FrontEvent(Occurred.ACCEPTED), callback, None)
        return value

    return judge


def ask_until_accepted(
    ask_line: Callable[[float], str],
    read: Callable[[HttpRequest], T],
    *,
    redirect_uri: str,
    state: str,
    say: Callable[[str], None],
    timeout_s: float,
) -> T:
    """Ask for the address again and again, until `read` accepts it or ends the wait.

    Raises as `RedirectReceiver.receive` does. `EOFError` and `Woken` from `ask_line` go through,
    unless an address was refused before: then a `CallbackRefused` of its kind is raised.
    """
    until = monotonic() + timeout_s
    refusal: CallbackRefused | None = None
    while (left := until - monotonic()) > 0:
        try:
            text = ask_line(left)
        except TimedOut:
            break
        except (EOFError, Woken):
            if refusal is not None:
                raise pasted_no_other(refusal) from None
            raise
        try:
            return read(parse_pasted(text, redirect_uri=redirect_uri, state=state))
        except CallbackRefused as error:
            refusal = error
            say(plain(str(error)))
    if refusal is not None:
        raise pasted_no_other(refusal) from None
    raise TimedOut(
        f"No address was pasted within {timeout_s:.0f} seconds.",
        advice="Start again. If the browser showed an error of the sign-in page (AADSTS50011: "
        "the redirect URI is not registered), cure that first.",
    )
