"""doctor --class: one line that says whether the lessons will work on this machine."""

from __future__ import annotations

import platform

from entra_oauth.channels.base import Channels, monotonic
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.channels.loopback.ports import bind
from entra_oauth.cli.lessons.demo import BuiltInBrowser, practice_plan
from entra_oauth.errors import EntraOAuthError
from entra_oauth.flows.authorization_code import sign_in
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.protocol.endpoints.authorize import Procedure

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console

__all__ = ["run"]


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
    browser = BuiltInBrowser(patient=False)
    with serve(PracticeTenant(), tls=False) as hosted:
        plan = practice_plan(hosted.base_url, Procedure.HARDENED, timeout_s=browser.timeout_s)
        # A key log is no matter here: nothing is encrypted on the way to this machine.
        with RequestsBack(allow_keylog=True) as back:
            front = Listener(launch=browser.launch, say=browser.say, response_mode="form_post")
            started = monotonic()
            sign_in(plan, Channels(front=front, back=back))
            took = monotonic() - started
        browser.wait()
    return f"practice sign-in in {took:.1f} s"
