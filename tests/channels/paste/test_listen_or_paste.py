"""A listener and a terminal at the same time: one answer, and the rest put back."""

from __future__ import annotations

import queue
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Self, TypeVar

import pytest

from entra_oauth.channels.base import FrontChannel, Outcome, PasteWanted, RedirectReceiver, Witness
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.channels.paste.beside_terminal import Interruptible, SingleAnswer
from entra_oauth.channels.paste.listen_or_paste import ListenOrPaste
from entra_oauth.channels.terminal.terminal import Woken
from entra_oauth.errors import (
    AuthorityError,
    CallbackRefused,
    LocalError,
    PortBusy,
    StateMismatch,
    TimedOut,
    UsageError,
)
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import FrontEvent
from kit import needs

T = TypeVar("T")
URL = "http://127.0.0.1:1/authorize?client_id=x"


class Keys:
    """A terminal whose keys the test presses."""

    def __init__(self) -> None:
        self._keys: queue.Queue[str | BaseException] = queue.Queue()
        self.shown = ""
        self.typed_ahead = False
        self.inside = 0
        self.was_inside = 0

    def press(self, keys: str | BaseException) -> None:
        self._keys.put(keys)

    def keys(self, timeout_s: float) -> str:
        assert self.inside
        try:
            keys = self._keys.get(timeout=timeout_s)
        except queue.Empty:
            return ""
        if isinstance(keys, BaseException):
            raise keys
        return keys

    def show(self, text: str) -> None:
        self.shown += text

    def has_typed_ahead(self) -> bool:
        return self.typed_ahead

    def wake(self) -> None:
        self._keys.put(Woken())

    def __enter__(self) -> Self:
        self.inside += 1
        self.was_inside += 1
        return self

    def __exit__(self, *exc: object) -> None:
        self.inside -= 1


def _read(callback: HttpRequest) -> str:
    """Accepts `state=right`; `error` ends the wait."""
    if "state=right" not in callback.query:
        raise StateMismatch("A redirect came with a wrong state.", advice="Wait.")
    if "error=" in callback.query:
        raise AuthorityError("No.", advice="Ask.", stage="authorize", error="access_denied")
    return callback.query.partition("&")[0]


class Attempted:
    """One `receive` in a thread, while the test plays person and browser."""

    def __init__(
        self, receiver: RedirectReceiver, *, timeout_s: float, read: Callable[[HttpRequest], str]
    ) -> None:
        self.value: str | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._ask, args=(receiver, timeout_s, read))
        self._thread.start()

    def _ask(
        self, receiver: RedirectReceiver, timeout_s: float, read: Callable[[HttpRequest], str]
    ) -> None:
        try:
            self.value = receiver.receive(URL, read, timeout_s=timeout_s)
        except BaseException as error:
            self.error = error

    def result(self) -> str:
        self._thread.join(20)
        assert not self._thread.is_alive(), "the wait never ended"
        if self.error is not None:
            raise self.error
        assert self.value is not None
        return self.value


class Scene:
    """A front channel around a real listener on a free port, with a terminal to press."""

    def __init__(self, *, response_mode: str = "query") -> None:
        self.terminal = Keys()
        self.said: list[str] = []
        self.launched = threading.Event()
        self.witnessed: list[tuple[str, str]] = []
        self.listener = Listener(
            launch=self._launch, say=lambda line: None, response_mode=response_mode
        )

    def _launch(self, url: str) -> bool:
        self.launched.set()
        return False

    def witness(
        self, event: FrontEvent, request: HttpRequest, response: HttpResponse | None, /
    ) -> None:
        self.witnessed.append((str(event), request.query))

    def wait_until_said(self, words: str) -> None:
        until = time.monotonic() + 10
        while not any(words in line for line in self.said):
            assert time.monotonic() < until, f"never said: {words}"
            time.sleep(0.01)

    def either(self) -> ListenOrPaste:
        return ListenOrPaste(
            listener=self.listener,
            say=self.said.append,
            terminal=lambda: self.terminal,
            ssh_target="ada@example",
        )

    def interruptible(self) -> Interruptible:
        return Interruptible(
            front=self.listener, say=self.said.append, terminal=lambda: self.terminal
        )

    @contextmanager
    def asking(
        self,
        front: FrontChannel,
        *,
        timeout_s: float = 30,
        read: Callable[[HttpRequest], str] = _read,
    ) -> Iterator[tuple[RedirectReceiver, Attempted]]:
        with front.open(self.witness) as receiver:
            attempted = Attempted(receiver, timeout_s=timeout_s, read=read)
            assert self.launched.wait(10)
            yield receiver, attempted


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _get(receiver: RedirectReceiver, query: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Redirects)
    address = f"{receiver.redirect_uri}/?{query}".replace("localhost", "127.0.0.1")
    try:
        with opener.open(address, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _assert_no_listener_waits() -> None:
    """Far below the 30 seconds that its wait would have gone on."""
    for thread in threading.enumerate():
        if thread.name == "listener":
            thread.join(10)
            assert not thread.is_alive()


def test_the_answer_may_come_to_the_listener() -> None:
    scene = Scene()
    with scene.asking(scene.either()) as (receiver, attempted):
        assert _get(receiver, "code=heard&state=right") == 303
        assert attempted.result() == "code=heard"
    assert scene.terminal.inside == 0
    assert scene.terminal.was_inside == 1
    assert [note for note, _ in scene.witnessed][:2] == ["authorize", "accepted"]


def test_the_answer_may_be_pasted() -> None:
    scene = Scene()
    with scene.asking(scene.either()) as (receiver, attempted):
        scene.terminal.press(f"{receiver.redirect_uri}/?code=pasted&state=right#\r")
        assert attempted.result() == "code=pasted"
        began = time.monotonic()
    assert time.monotonic() - began < 10, "the listener has to end when it is left"
    assert scene.terminal.inside == 0
    assert ("accepted", "code=pasted&state=right") in scene.witnessed
    _assert_no_listener_waits()


def test_what_the_other_way_refused_does_not_matter() -> None:
    scene = Scene()
    with scene.asking(scene.either()) as (receiver, attempted):
        assert _get(receiver, "code=a&state=wrong") == 400
        scene.terminal.press("nonsense\r")
        scene.wait_until_said("neither an address")
        scene.terminal.press("code=a&state=wrong\r")
        scene.wait_until_said("wrong state")
        assert _get(receiver, "code=a") == 400
        scene.terminal.press("code=pasted&state=right\r")
        assert attempted.result() == "code=pasted"
    assert sum("wrong state" in line for line in scene.said) == 1


def test_after_a_paste_was_accepted_the_listener_accepts_nothing() -> None:
    scene = Scene()
    with scene.asking(scene.either()) as (receiver, attempted):
        scene.terminal.press("code=pasted&state=right\r")
        assert attempted.result() == "code=pasted"
        assert _get(receiver, "code=late&state=right") == 400
    assert scene.witnessed[-1][0].startswith("refused: The sign-in was answered in another way")


def test_a_refusal_of_the_authority_ends_both_ways() -> None:
    for paste in (True, False):
        scene = Scene()
        with scene.asking(scene.either()) as (receiver, attempted):
            if paste:
                scene.terminal.press("error=access_denied&state=right\r")
            else:
                _get(receiver, "error=access_denied&state=right")
            with pytest.raises(AuthorityError):
                attempted.result()
        assert scene.terminal.inside == 0


def test_the_end_of_the_terminals_input_leaves_the_listener_waiting() -> None:
    scene = Scene()
    with scene.asking(scene.either()) as (receiver, attempted):
        scene.terminal.press("\x04")
        scene.wait_until_said("Still waiting")
        assert _get(receiver, "code=heard&state=right") == 303
        assert attempted.result() == "code=heard"


@pytest.mark.parametrize(
    ("pasted", "visited", "error"),
    [
        (None, None, TimedOut),
        ("nonsense\r", None, CallbackRefused),
        ("code=a&state=wrong\r", None, StateMismatch),
        (None, "code=a&state=wrong", StateMismatch),
    ],
)
def test_at_the_deadline_the_last_refusal_of_either_way_is_said(
    pasted: str | None, visited: str | None, error: type[Exception]
) -> None:
    scene = Scene()
    with scene.asking(scene.either(), timeout_s=1) as (receiver, attempted):
        if pasted:
            scene.terminal.press(pasted)
        if visited:
            _get(receiver, visited)
        with pytest.raises(error) as caught:
            attempted.result()
    assert caught.type is error
    assert scene.terminal.inside == 0


@pytest.mark.parametrize("wrap", ["either", "interruptible"])
def test_ctrl_c_ends_it_and_nothing_is_accepted_any_more(wrap: str) -> None:
    scene = Scene()
    front: FrontChannel = scene.either() if wrap == "either" else scene.interruptible()
    with scene.asking(front) as (receiver, attempted):
        scene.terminal.press("\x03")
        with pytest.raises(KeyboardInterrupt):
            attempted.result()
        assert _get(receiver, "code=late&state=right") == 400
    assert scene.terminal.inside == 0


def test_the_tunnel_and_the_url_stand_alone_on_their_lines() -> None:
    scene = Scene()
    with scene.asking(scene.either()) as (receiver, attempted):
        port = receiver.redirect_uri.rpartition(":")[2]
        assert f"ssh -L {port}:localhost:{port} -L 1:localhost:1 ada@example" in scene.said
        assert URL in scene.said
        assert "Elsewhere, without that command, the browser will end" in " ".join(scene.said)
        scene.terminal.press("code=pasted&state=right\r")
        attempted.result()


def test_without_a_terminal_it_only_listens() -> None:
    scene = Scene()
    front = ListenOrPaste(listener=scene.listener, say=scene.said.append, terminal=lambda: None)
    with scene.asking(front) as (receiver, attempted):
        assert _get(receiver, "code=heard&state=right") == 303
        assert attempted.result() == "code=heard"
    assert "paste" not in " ".join(scene.said).lower()


def test_an_answer_by_form_post_cannot_be_pasted() -> None:
    scene = Scene(response_mode="form_post")
    with pytest.raises(UsageError, match="form_post"):
        scene.either().open()


@pytest.mark.parametrize("wrap", ["either", "interruptible"])
def test_a_port_that_is_taken_is_said_at_once(wrap: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listener = Listener(
            launch=lambda url: False,
            say=lambda line: None,
            port=taken.getsockname()[1],
            response_mode="query",
        )
        front: FrontChannel = (
            ListenOrPaste(listener=listener, say=lambda line: None)
            if wrap == "either"
            else Interruptible(front=listener, say=lambda line: None)
        )
        with pytest.raises(PortBusy):
            front.open()


class _Broken:
    """A front channel whose receiver fails as soon as it is asked."""

    told: Outcome | None = None

    @property
    def redirect_uri(self) -> str:
        return "http://localhost:1"

    @property
    def response_mode(self) -> str:
        return "query"

    def open(self, witness: Witness | None = None) -> Self:
        return self

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        raise LocalError("The receiver is stuck.", advice="Push.")

    def report_outcome(self, outcome: Outcome) -> None:
        self.told = outcome

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


class _Deaf(_Broken):
    """One that waits until it is left."""

    def __init__(self) -> None:
        self._left = threading.Event()

    def receive(self, url: str, read: Callable[[HttpRequest], T], *, timeout_s: float) -> T:
        self._left.wait(timeout_s)
        raise TimedOut("Left.", advice="Start again.")

    def __exit__(self, *exc: object) -> None:
        self._left.set()


@pytest.mark.parametrize("wrap", ["either", "interruptible"])
def test_a_listener_that_fails_ends_the_rest_too(wrap: str) -> None:
    scene, broken = Scene(), _Broken()
    front: FrontChannel = (
        replace(scene.either(), listener=broken)
        if wrap == "either"
        else replace(scene.interruptible(), front=broken)
    )
    with front.open() as receiver, pytest.raises(LocalError, match="stuck"):
        receiver.receive(URL, _read, timeout_s=30)
    assert scene.terminal.inside == 0


def test_the_outcome_is_told_on_the_page_only_if_the_answer_came_there() -> None:
    outcome = Outcome(succeeded=True, headline="Signed in")
    scene, inner = Scene(), _Broken()
    front = ListenOrPaste(listener=inner, say=lambda line: None, terminal=lambda: None)
    with front.open() as receiver:
        receiver.report_outcome(outcome)
    assert inner.told is outcome

    inner = _Deaf()
    with replace(scene.either(), listener=inner).open() as receiver:
        scene.terminal.press("code=pasted&state=right\r")
        assert receiver.receive(URL, _read, timeout_s=30) == "code=pasted"
        receiver.report_outcome(outcome)
    assert inner.told is None


def test_p_leaves_the_listener() -> None:
    scene = Scene(response_mode="form_post")
    with scene.asking(scene.interruptible()) as (receiver, attempted):
        assert receiver.response_mode == "form_post"
        scene.terminal.press("x")
        scene.terminal.press("P")
        with pytest.raises(PasteWanted):
            attempted.result()
        began = time.monotonic()
    assert time.monotonic() - began < 10, "the listener has to end when it is left"
    assert scene.terminal.inside == 0
    assert "Press p" in " ".join(scene.said)
    _assert_no_listener_waits()


def test_without_p_the_answer_comes_as_ever() -> None:
    scene = Scene()
    with scene.asking(scene.interruptible()) as (receiver, attempted):
        for keys in ("xyz", "entra-oauth api GET /\r", "\r", "help"):
            scene.terminal.press(keys)
        assert _get(receiver, "code=a&state=wrong") == 400
        assert _get(receiver, "code=heard&state=right") == 303
        assert attempted.result() == "code=heard"
    assert scene.terminal.inside == 0


def test_a_terminal_that_holds_the_next_commands_is_left_alone() -> None:
    scene = Scene()
    scene.terminal.typed_ahead = True
    with scene.asking(scene.interruptible()) as (receiver, attempted):
        assert _get(receiver, "code=heard&state=right") == 303
        assert attempted.result() == "code=heard"
    assert scene.terminal.was_inside == 0
    assert scene.said == []


def test_a_p_that_comes_after_the_answer_is_too_late() -> None:
    scene = Scene()
    reading, go_on = threading.Event(), threading.Event()

    def slow(callback: HttpRequest) -> str:
        reading.set()
        assert go_on.wait(10)
        return _read(callback)

    with scene.asking(scene.interruptible(), read=slow) as (receiver, attempted):
        browser = threading.Thread(target=_get, args=(receiver, "code=heard&state=right"))
        browser.start()
        assert reading.wait(10)
        scene.terminal.press("p")
        go_on.set()
        assert attempted.result() == "code=heard"
        browser.join(10)


def test_the_terminal_that_goes_away_leaves_the_listener_waiting() -> None:
    scene = Scene()
    with scene.asking(scene.interruptible()) as (receiver, attempted):
        scene.terminal.press(EOFError())
        assert _get(receiver, "code=heard&state=right") == 303
        assert attempted.result() == "code=heard"


def test_a_listener_that_is_watched_keeps_its_deadline() -> None:
    scene = Scene()
    asking = scene.asking(scene.interruptible(), timeout_s=0.3)
    with asking as (_, attempted), pytest.raises(TimedOut):
        attempted.result()
    assert scene.terminal.inside == 0


def test_read_never_runs_twice_at_a_time_and_accepts_once() -> None:
    running, most, accepted = 0, 0, 0
    guard = threading.Lock()

    def read(callback: HttpRequest) -> str:
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with guard:
            running -= 1
        return "yes"

    attempt = SingleAnswer(read, lambda: None)
    callback = HttpRequest(method="GET", url="http://localhost/?code=a&state=b")

    def try_it(judge: Callable[[HttpRequest], str]) -> None:
        nonlocal accepted
        try:
            judge(callback)
        except (Woken, CallbackRefused):
            return
        with guard:
            accepted += 1

    receiver = attempt._from_receiver
    threads = [
        threading.Thread(target=try_it, args=(judge,))
        for judge in (attempt.from_terminal, receiver) * 10
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (most, accepted) == (1, 1)


REAL = """
from entra_oauth.channels.paste.beside_terminal import Interruptible
from entra_oauth.channels.paste.listen_or_paste import ListenOrPaste
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.channels.base import PasteWanted
say = lambda line: print(line, file=sys.stderr, flush=True)
listener = Listener(launch=lambda url: False, say=lambda line: None, response_mode="query")
front = FRONT
try:
    with front.open() as receiver:
        say(f"<{receiver.redirect_uri}>")
        print(receiver.receive("URL", lambda callback: callback.query, timeout_s=30), end="")
except KeyboardInterrupt:
    sys.exit(130)
except PasteWanted:
    print("wanted", end="")
"""
EITHER = REAL.replace("FRONT", "ListenOrPaste(listener=listener, say=say)").replace("URL", URL)
INTERRUPTIBLE = REAL.replace("FRONT", "Interruptible(front=listener, say=say)").replace("URL", URL)


@needs.posix
@pytest.mark.parametrize("way", ["listener", "paste", "Ctrl-C"])
def test_on_a_real_terminal_either_way_ends_with_the_terminal_as_before(way: str) -> None:
    if sys.platform == "win32":
        return
    from kit.processes.ptys import Session

    code = "secret" * 500
    with Session(EITHER) as terminal:
        terminal.wait_for("Paste the address here")
        terminal.wait_until_raw()
        base = terminal.shown.partition("<")[2].partition(">")[0]
        if way == "listener":
            address = f"{base}/?code={code}&state=s".replace("localhost", "127.0.0.1")
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Redirects)
            with pytest.raises(urllib.error.HTTPError) as moved:
                opener.open(address, timeout=10)
            moved.value.close()
            expected = (0, f"code={code}&state=s")
        elif way == "paste":
            terminal.press(f"\x1b[200~{base}/?code={code}&state=s\x1b[201~\r")
            expected = (0, f"code={code}&state=s")
        else:
            terminal.press("\x03")
            expected = (130, "")
        assert terminal.finish() == expected
        assert "secretsecret" not in terminal.shown
        assert terminal.modes() == terminal.before


@needs.posix
def test_commands_that_were_pasted_after_this_one_stay_the_shells() -> None:
    if sys.platform == "win32":
        return
    from kit.processes.ptys import Session

    lines = "import sys; sys.stderr.write('<go>'); sys.stderr.flush(); sys.stdin.readline()"
    program = INTERRUPTIBLE.replace("lambda url: False", 'lambda url: say("<opened>")')
    with Session(f"{lines}\n{program}\nprint(sys.stdin.readline(), end='')") as terminal:
        terminal.wait_for("<go>")
        terminal.press("begin\rstop\r")
        terminal.wait_for("<opened>")
        base = terminal.shown.partition("<http")[2].partition(">")[0]
        address = f"http{base}/?code=c&state=s".replace("localhost", "127.0.0.1")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Redirects)
        with pytest.raises(urllib.error.HTTPError) as moved:
            opener.open(address, timeout=10)
        moved.value.close()
        assert terminal.finish() == (0, "code=c&state=sstop\n")
        assert "Press p" not in terminal.shown
        assert terminal.modes() == terminal.before


@needs.posix
@pytest.mark.parametrize(("key", "expected"), [("p", (0, "wanted")), ("\x03", (130, ""))])
def test_on_a_real_terminal_a_listener_can_be_left(key: str, expected: tuple[int, str]) -> None:
    if sys.platform == "win32":
        return
    from kit.processes.ptys import Session

    with Session(INTERRUPTIBLE) as terminal:
        terminal.wait_for("Press p")
        terminal.wait_until_raw()
        terminal.press(key)
        assert terminal.finish() == expected
        assert terminal.modes() == terminal.before
