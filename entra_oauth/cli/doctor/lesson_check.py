"""doctor --class: one line that says whether the lessons will work on this machine."""

from __future__ import annotations

import platform
import threading
from typing import TYPE_CHECKING

from entra_oauth.channels.base import Channels, monotonic
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.channels.loopback.ports import bind
from entra_oauth.cli.sign_in.plan import EXAMPLE_CLIENT, EXAMPLE_TENANT
from entra_oauth.errors import EntraOAuthError
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.scopes import DATABRICKS

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console

__all__ = ["run"]

PERSON, PASSWORD = "alice@contoso-practice.example", "practice"
TIMEOUT_S = 30.0


def run(console: Console) -> int:
    """Print PASS and what was seen, or FAIL and raise what is in the way."""
    try:
        found = (f"Python {platform.python_version()}", _loopback(), _practice_sign_in())
    except EntraOAuthError:
        console.result("FAIL  entra-oauth is not ready here")
        raise
    console.result(f"PASS  {', '.join(found)}")
    return 0


def _loopback() -> str:
    listeners = bind(0, None)
    for listener in listeners:
        listener.close()
    return "loopback 127.0.0.1 and ::1" if len(listeners) > 1 else "loopback 127.0.0.1"


def _practice_sign_in() -> str:
    """A whole sign-in, a small built-in browser in the place of a person."""
    with serve(PracticeTenant(), tls=False) as hosted:
        plan = SignIn(
            procedure=Procedure.HARDENED,
            authority=Authority(hosted.base_url, EXAMPLE_TENANT),
            client_id=EXAMPLE_CLIENT,
            scopes=(DATABRICKS,),
            timeout_s=TIMEOUT_S,
        )
        visit = _Visit()
        # A key log is no matter here: nothing is encrypted on the way to this machine.
        with RequestsBack(allow_keylog=True) as back:
            front = Listener(launch=visit.begin, say=_say_nothing, response_mode="form_post")
            started = monotonic()
            sign_in(plan, Channels(front=front, back=back))
            took = monotonic() - started
        visit.end()
    return f"practice sign-in in {took:.1f} s"


def _say_nothing(line: str) -> None:
    """The listener's lines are for a person; there is none."""


class _Visit:
    """The built-in browser, in a thread of its own."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def begin(self, url: str) -> bool:
        browser = PracticeBrowser(http_send, PERSON, PASSWORD)
        self._thread = threading.Thread(target=browser.open, args=(url,), daemon=True)
        self._thread.start()
        return True

    def end(self) -> None:
        if self._thread is not None:
            self._thread.join(5.0)
