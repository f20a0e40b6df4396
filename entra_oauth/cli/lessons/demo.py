"""demo: a whole sign-in on the practice tenant, told message by message."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from dataclasses import dataclass, replace
from functools import partial
from html import unescape
from typing import TYPE_CHECKING

from entra_oauth.channels.base import Channels, monotonic, now
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.channels.listener.system_browser import has_local_browser, launch
from entra_oauth.cli.decode import describe
from entra_oauth.cli.lessons.demo_report import check_place, write_report
from entra_oauth.cli.lessons.narration import Narrator
from entra_oauth.cli.session.console import wants_style
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.cli.sign_in.plan import EXAMPLE_CLIENT, EXAMPLE_TENANT
from entra_oauth.errors import EntraOAuthError, LocalError, TimedOut, plain
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.message_stories import story_of
from entra_oauth.protocol.jwt import decode
from entra_oauth.protocol.messages import HttpRequest
from entra_oauth.protocol.scopes import DATABRICKS
from entra_oauth.recording import Exchange, Occurred, Recorder, Recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.learn_verbs import DemoOptions
    from entra_oauth.practice.browser.user_agent import BrowserPage
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["run"]

PERSON = "alice@contoso-practice.example"
PASSWORD = "practice"  # noqa: S105 - the toy directory's, printed on its own page
_A_LESSON_S = 3600.0


def run(options: DemoOptions, session: Session) -> int:
    """Sign in, then tell what passed."""
    console = session.console
    procedure = Procedure(options.procedure)
    check_place(options.report)
    with serve(PracticeTenant(), tls=False) as hosted:
        opening = (
            "A whole sign-in, on this machine alone.",
            f"The practice tenant plays Microsoft Entra ID at {hosted.base_url}; nothing leaves "
            "this machine. Codes, tokens and other secrets are masked; equal #tags mean equal "
            "values.",
        )
        for text in opening:
            console.result(prose(text, indent=0, columns=width()))
        browser = (
            _OwnBrowser(console)
            if options.browser
            else _BuiltInBrowser(patient=session.explainer is not None)
        )
        recorder = session.recorder or Recorder()
        story = _sign_in(
            hosted.base_url, procedure, browser, replace(session, recorder=recorder), recorder
        )
        report = write_report(recorder.recording, options.report)
        teller = _DemoText(console, Narrator(), story, report)
        teller.tell_the_rest() if session.explainer else teller.tell()
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """All that there is to tell."""

    plan: SignIn
    tokens: TokenResponse
    recording: Recording
    used: Exchange
    seconds: float
    last_page: BrowserPage | None


class _BuiltInBrowser:
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
        return launch(url)

    def wait(self) -> None:
        """The window is the person's to close."""


def _sign_in(
    base_url: str,
    procedure: Procedure,
    browser: _BuiltInBrowser | _OwnBrowser,
    session: Session,
    recorder: Recorder,
) -> _Story:
    plan = SignIn(
        procedure=procedure,
        authority=Authority(base_url, EXAMPLE_TENANT),
        client_id=EXAMPLE_CLIENT,
        scopes=(DATABRICKS,),
        timeout_s=browser.timeout_s,
    )
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
    return _Story(
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


class _DemoText:
    """Tells a story in six steps, on standard output: it is the result."""

    def __init__(
        self, console: Console, narrator: Narrator, story: _Story, report: Path | None
    ) -> None:
        self._console = replace(console, styled=wants_style(console.out, os.environ))
        self._narrator = narrator
        self._story = story
        self._report = report
        self._columns = width()

    def tell(self) -> None:
        self._authorize()
        self._person()
        self._redirect()
        self._token()
        self._look_inside()
        self._use()
        self._end()

    def tell_the_rest(self) -> None:
        """The rest, for messages that were explained as they passed."""
        self._look_inside()
        self._end(timed=False)

    def _step(self, number: int, title: str, why: str) -> None:
        self._say("")
        self._say(self._console.bold(f"{number}  {title}"))
        self._say(self._console.dim(prose(why, indent=3, columns=self._columns)))

    def _say(self, line: str) -> None:
        self._console.result(line)

    def _tell(self, text: str) -> None:
        self._say(prose(text, indent=3, columns=self._columns))

    def _message(self, request: HttpRequest) -> None:
        self._tell(self._narrator.request_line(request))

    def _lines(self, lines: list[str]) -> None:
        for line in lines:
            self._say(line)

    def _on_front(self, kind: Occurred) -> Exchange:
        exchanges = self._story.recording.exchanges
        return next(e for e in exchanges if e.event is not None and e.event.kind is kind)

    def _reason(self, kind: MessageKind) -> str:
        """The lesson of a message, after the place where it stands."""
        hardened = self._story.plan.procedure is Procedure.HARDENED
        story = story_of(kind, ("code_challenge", "code_verifier") if hardened else ())
        return f"{story.source}: {story.lesson}"

    def _authorize(self) -> None:
        request = self._on_front(Occurred.ASKED).request
        self._step(
            1,
            "This program opens the authorize URL in the browser",
            self._reason(MessageKind.AUTHORIZATION_REQUEST),
        )
        self._message(request)
        self._lines(self._narrator.url_fields(request, of=MessageKind.AUTHORIZATION_REQUEST))

    def _person(self) -> None:
        self._step(
            2,
            "The person signs in, on the authority's own page",
            "Browser and authority talk alone. This program sees none of it, so not the password.",
        )
        self._tell(f"{PERSON} signs in and allows the app to use Databricks.")

    def _redirect(self) -> None:
        exchange = self._on_front(Occurred.ACCEPTED)
        self._step(
            3,
            "The browser brings the answer to this program's listener",
            self._reason(MessageKind.AUTHORIZATION_RESPONSE),
        )
        self._message(exchange.request)
        by_form = exchange.request.method == "POST"
        show = self._narrator.body_fields if by_form else self._narrator.url_fields
        self._lines(show(exchange.request, of=MessageKind.AUTHORIZATION_RESPONSE))
        status = exchange.response.status if exchange.response else 0
        self._tell(f"<- {status}, on to a page without a code in its address")

    def _token(self) -> None:
        exchanges = self._story.recording.exchanges
        exchange = next(e for e in exchanges if e.channel == "back" and e.note == "token")
        self._step(
            4,
            "This program redeems the code, directly at the authority",
            self._reason(MessageKind.CODE_REDEMPTION),
        )
        self._message(exchange.request)
        self._lines(self._narrator.body_fields(exchange.request, of=MessageKind.CODE_REDEMPTION))
        if exchange.response is not None:
            self._lines(self._narrator.answer(exchange.response))

    def _look_inside(self) -> None:
        tokens = self._story.tokens
        if tokens.identity is not None:
            why = "The ID token was checked: issuer, audience, nonce, times."
        else:
            why = "No ID token was asked for, so nothing is claimed about who signed in."
        self._step(5, "What the access token says", f"{why} The access token is not verified.")
        columns = self._columns - 3
        for line in describe(
            decode(tokens.access_token), at=now(), columns=columns, token=MessageKind.ACCESS_TOKEN
        ):
            self._say(f"   {line}".rstrip())

    def _use(self) -> None:
        exchange = self._story.used
        self._step(
            6,
            "The token is used: list the clusters of the practice workspace",
            self._reason(MessageKind.API_CALL),
        )
        self._message(exchange.request)
        shown = self._narrator.mask("access_token", self._story.tokens.access_token)
        self._say(prose(f"Authorization: Bearer {shown}", indent=5, columns=self._columns))
        if exchange.response is not None:
            self._say(f"   <- {exchange.response.status}")
            for cluster in json.loads(exchange.response.body).get("clusters", []):
                self._say(f"     {cluster['cluster_name']:<12} {cluster['state']}")

    def _findings(self) -> None:
        from entra_oauth.audit import case_of, lint
        from entra_oauth.audit.text import findings
        from entra_oauth.cli.session.times import today

        passed = Recording((*self._story.recording.exchanges, self._story.used))
        failures = lint(case_of(passed), today=today()).failures()
        self._say("")
        self._say(self._console.bold(f"What the linter says of it: {len(failures)} findings"))
        for judged, line in zip(failures, findings(failures), strict=True):
            self._tell(f"{judged.severity.value}: {line} ({judged.rule.source})")

    def _end(self, *, timed: bool = True) -> None:
        say = self._console.result
        say("")
        page = self._story.last_page
        if page is not None:
            heading = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
            said = " ".join(re.sub(r"<[^>]*>", " ", heading.group(1)).split()) if heading else ""
            last = f"The browser's last page, at an address without a code, says: {unescape(said)}"
            say(prose(last, indent=0, columns=self._columns))
        if timed:
            took = f"The sign-in took {self._story.seconds:.2f} s, the browser's part included."
            say(prose(took, indent=0, columns=self._columns))
        self._findings()
        say("")
        if self._report is None:
            say("The cache folder cannot be written to: --report FILE leaves a report.")
        else:
            say("The report of it, a page to look at:")
            say(f"  {plain(str(self._report))}")
        say("")
        say("Next: entra-oauth demo --browser             the same in your own browser")
        say("      entra-oauth demo --procedure article   the procedure without PKCE")
        say("      entra-oauth explain AR04               a rule of the linter, and why it is one")
        say("      entra-oauth mirror --prove             the request is curl's, to the byte")
        say("      entra-oauth login --tenant TENANT --client-id CLIENT   the real thing")
        if (program := _command_off_the_path()) is not None:
            say("")
            say("Your shell does not know the command by its name. It is here:")
            say(f"  {plain(program)}")


def _command_off_the_path() -> str | None:
    """The command beside this Python, such as in `.venv`, where a shell does not find it."""
    import shutil

    name = "entra-oauth.exe" if os.name == "nt" else "entra-oauth"
    program = os.path.join(os.path.dirname(sys.executable), name)
    is_hidden = shutil.which("entra-oauth") is None and os.path.isfile(program)
    return program if is_hidden else None
