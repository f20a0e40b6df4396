"""demo: a whole sign-in on the practice tenant, told message by message."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

from platformdirs import user_cache_path

from entra_oauth.audit import case_of, findings_of, lint
from entra_oauth.channels.base import Channels, monotonic, now
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.channels.listener.system_browser import SystemBrowser, has_local_browser
from entra_oauth.cli.lessons.demo_text import PERSON, DemoText, Story
from entra_oauth.cli.output.new_file import check_new_file, write_new_file
from entra_oauth.cli.session.times import today
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.cli.sign_in.plan import EXAMPLE_CLIENT, EXAMPLE_TENANT
from entra_oauth.errors import EntraOAuthError, LocalError, TimedOut
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest
from entra_oauth.protocol.scopes import DATABRICKS
from entra_oauth.recording import Recorder
from entra_oauth.recording.facts import facts_of
from entra_oauth.recording.redaction.secrets import live_secrets, refuse_leaks
from entra_oauth.recording.report.report_page import as_html
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.learn_verbs import DemoOptions
    from entra_oauth.practice.browser.user_agent import BrowserPage
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.recording import Recording

__all__ = ["BuiltInBrowser", "practice_plan", "run"]

PASSWORD = "practice"  # noqa: S105 - the toy directory's, printed on its own page
_A_LESSON_S = 3600.0


def run(options: DemoOptions, session: Session) -> int:
    """Sign in, then tell what passed."""
    console = session.console
    procedure = Procedure(options.procedure)
    if options.report is not None:
        check_new_file(Path(options.report))
    with serve(PracticeTenant(), tls=False) as hosted:
        opening = (
            "A whole sign-in, on this machine alone.",
            f"The practice tenant plays Microsoft Entra ID at {hosted.base_url}; nothing leaves "
            "this machine. Codes, tokens and other secrets are masked; equal #tags mean equal "
            "values.",
        )
        for text in opening if not console.quiet else ():
            console.result(prose(text, indent=0, columns=width()))
        browser = (
            _OwnBrowser(console)
            if options.browser
            else BuiltInBrowser(patient=session.explainer is not None)
        )
        recorder = session.recorder or Recorder()
        story = _sign_in(
            hosted.base_url, procedure, browser, replace(session, recorder=recorder), recorder
        )
        report = _write_report(recorder.recording, options.report)
        teller = DemoText(console, story, report)
        if console.quiet:
            teller.tell_the_end()
        elif session.explainer:
            teller.tell_the_rest()
        else:
            teller.tell()
        if options.page:
            from entra_oauth.cli.lessons.demo_page import show_demo

            show_demo(recorder.recording, hosted.base_url, console)
    return 0


class BuiltInBrowser:
    """A form-following user agent in a thread, in place of a person with a browser."""

    timeout_s = 30.0

    def __init__(self, *, patient: bool) -> None:
        self.page: BrowserPage | None = None
        self.failure: EntraOAuthError | None = None
        # The last page is held until the code is redeemed, and somebody may be reading.
        self._send = partial(http_send, timeout_s=_A_LESSON_S) if patient else http_send
        self._thread: threading.Thread | None = None

    def launch(self, url: str) -> bool:
        self._thread = threading.Thread(target=self._visit, args=(url,), daemon=True)
        self._thread.start()
        return True

    def wait(self) -> None:
        if self._thread is not None:
            self._thread.join(5.0)

    def say(self, line: str) -> None:
        """The listener's lines are for a person; there is none."""

    def _visit(self, url: str) -> None:
        try:
            self.page = PracticeBrowser(self._send, PERSON, PASSWORD).open(url)
        except EntraOAuthError as error:
            self.failure = error


class _OwnBrowser:
    """The person's browser."""

    timeout_s = 300.0
    failure: EntraOAuthError | None = None

    def __init__(self, console: Console) -> None:
        local, why = has_local_browser(os.environ, sys.platform)
        if not local:
            raise LocalError(
                f"There is no browser to open: {why}.",
                advice="Run the demo without --browser; it has a small one built in.",
            )
        self.page: BrowserPage | None = None
        self.say: Callable[[str], None] = console.ask
        console.ask(f"Sign in there as {PERSON} with the password: {PASSWORD}")

    def launch(self, url: str) -> bool:
        return SystemBrowser(self.say).open(url)

    def wait(self) -> None:
        """The window is the person's to close."""


def practice_plan(base_url: str, procedure: Procedure, *, timeout_s: float) -> SignIn:
    """The sign-in of the article's app at a practice tenant."""
    return SignIn(
        procedure=procedure,
        authority=Authority(base_url, EXAMPLE_TENANT),
        client_id=EXAMPLE_CLIENT,
        scopes=(DATABRICKS,),
        timeout_s=timeout_s,
    )


def _sign_in(
    base_url: str,
    procedure: Procedure,
    browser: BuiltInBrowser | _OwnBrowser,
    session: Session,
    recorder: Recorder,
) -> Story:
    plan = practice_plan(base_url, procedure, timeout_s=browser.timeout_s)
    mode = "query" if procedure is Procedure.ARTICLE else "form_post"
    front = Listener(launch=browser.launch, say=browser.say, response_mode=mode)
    # A key log is no matter here: nothing is encrypted on the way to this machine.
    with RequestsBack(allow_keylog=True, say=session.console.say) as back:
        channels = session.watched(Channels(front=front, back=back))
        started = monotonic()
        try:
            tokens = sign_in(plan, channels)
        except TimedOut as error:
            raise browser.failure or error from None
        seconds = monotonic() - started
        browser.wait()
        passed = recorder.recording
        channels.back.send(_databricks_call(base_url, tokens), timeout_s=10.0)
    return Story(
        plan=plan,
        tokens=tokens,
        recording=passed,
        used=recorder.recording.exchanges[-1],
        seconds=seconds,
        last_page=browser.page,
    )


def _databricks_call(base_url: str, tokens: TokenResponse) -> HttpRequest:
    return HttpRequest(
        method="GET",
        url=f"{base_url}/api/2.0/clusters/list",
        headers=(
            ("Accept", "application/json"),
            ("Authorization", f"Bearer {tokens.access_token}"),
        ),
    )


def _write_report(recording: Recording, file: str | None) -> Path | None:
    """Write it and return where.

    Without a name it goes to the user's cache folder, in the place of the last demo's;
    None if that cannot be written to. With one, raises `LocalError`.
    """
    facts = facts_of(os.environ, verb="demo")
    evidence = evidence_of(recording, level=Level.SECRETS, created_at=now(), facts=facts)
    found = findings_of(lint(case_of(recording), today=today()))
    data = as_html(evidence, findings=found, learner=True).encode()
    refuse_leaks({"the report": data}, live_secrets(recording))
    if file is not None:
        write_new_file(Path(file), data)
        return Path(file)
    path = user_cache_path("entra-oauth", appauthor=False) / "demo.html"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".demo.", dir=path.parent)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.replace(temporary, path)
    except OSError:
        return None
    return path
