"""A demo's sign-in told to a person: who sends what to whom, and why; secrets masked.

Meanings are the glossary's. Values are masked by `lessons/masking.py`.
"""

from __future__ import annotations

import json
import os
import re
import sys
from html import unescape
from urllib.parse import urlsplit

from entra_oauth.channels.base import now
from entra_oauth.cli.decode import describe
from entra_oauth.cli.session.console import wants_style
from entra_oauth.cli.session.wrap import prose, row, width
from entra_oauth.errors import plain
from entra_oauth.lessons.masking import Masks
from entra_oauth.light import TYPE_CHECKING, dataclass, replace
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.glossary.message_kind import MessageKind, kind_of_answer
from entra_oauth.protocol.glossary.message_stories import story_of
from entra_oauth.protocol.glossary.parameters import meaning_of
from entra_oauth.protocol.jwt import decode
from entra_oauth.protocol.messages import parse_form
from entra_oauth.recording import Exchange, Occurred, Recording

if TYPE_CHECKING:
    from pathlib import Path

    from entra_oauth.cli.session.console import Console
    from entra_oauth.flows.authorization_code import SignIn
    from entra_oauth.practice.browser.user_agent import BrowserPage
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.messages import Fields, HttpRequest, HttpResponse

__all__ = ["PERSON", "DemoText", "Story"]

PERSON = "alice@contoso-practice.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that there is to tell."""

    plan: SignIn
    tokens: TokenResponse
    recording: Recording
    used: Exchange
    seconds: float
    last_page: BrowserPage | None


class _Narrator:
    """Turns messages into lines."""

    def __init__(self) -> None:
        self._masks = Masks()
        self._columns = width()

    def mask(self, name: str, value: str) -> str:
        """A value as it may be shown."""
        return self._masks.value(name, value)

    def fields(self, fields: Fields, *, of: MessageKind) -> list[str]:
        """A table of the parameters of a message, each with its meaning there."""
        lines: list[str] = []
        for name, value in fields:
            meaning = meaning_of(of, name, value)
            shown = self.mask(name, value)
            lines += row(plain(name, limit=40), shown, meaning, indent=5, columns=self._columns)
        return lines

    def request_line(self, request: HttpRequest) -> str:
        """Method, address without its query, version."""
        parts = urlsplit(request.url)
        return f"{request.method} {parts.path or '/'} (host {parts.netloc})"

    def url_fields(self, request: HttpRequest, *, of: MessageKind) -> list[str]:
        """The parameters in the address."""
        return self.fields(parse_form(request.query), of=of)

    def body_fields(self, request: HttpRequest, *, of: MessageKind) -> list[str]:
        """The parameters in a form body."""
        return self.fields(parse_form(request.body.decode("latin-1")), of=of)

    def answer(self, response: HttpResponse) -> list[str]:
        """The status and the members of a JSON answer."""
        lines = [f"   <- {response.status} {response.reason}".rstrip()]
        try:
            members = json.loads(response.body)
        except ValueError:
            return [*lines, f"     {len(response.body)} bytes, not JSON"]
        if isinstance(members, dict):
            pairs = tuple((str(name), _text(value)) for name, value in members.items())
            lines += self.fields(pairs, of=kind_of_answer(MessageKind.TOKEN_REQUEST, members))
        return lines


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class DemoText:
    """Tells a story in six steps, on standard output: it is the result."""

    def __init__(self, console: Console, story: Story, report: Path | None) -> None:
        self._console = replace(console, styled=wants_style(console.out, os.environ))
        self._narrator = _Narrator()
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

    def tell_the_end(self) -> None:
        """The time that it took, and the place of the report."""
        self._say_time()
        self._say_report()

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

    def _say_time(self) -> None:
        took = f"The sign-in took {self._story.seconds:.2f} s, the browser's part included."
        self._say(prose(took, indent=0, columns=self._columns))

    def _say_report(self) -> None:
        if self._report is None:
            self._say("The cache folder cannot be written to: --report FILE leaves a report.")
        else:
            self._say("The report of it, a page to look at:")
            self._say(f"  {plain(str(self._report))}")

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
            self._say_time()
        self._findings()
        say("")
        self._say_report()
        say("")
        for number, (command, what) in enumerate(self._what_next()):
            say(f"{'Next:' if not number else '':<5} {command + '  ':<38} {what}")
        if (program := _command_off_the_path()) is not None:
            say("")
            say("Your shell does not know the command by its name. It is here:")
            say(f"  {plain(program)}")

    def _what_next(self) -> tuple[tuple[str, str], ...]:
        article = "entra-oauth demo --procedure article"
        same, other = "entra-oauth demo", (article, "the procedure without PKCE")
        if self._story.plan.procedure is Procedure.ARTICLE:
            same, other = article, (same, "the procedure with PKCE")
        return (
            (f"{same} --browser", "the same in your own browser"),
            other,
            ("entra-oauth explain AR04", "a rule of the linter, and why"),
            ("entra-oauth mirror --prove", "the request is curl's, to the byte"),
            ("entra-oauth login --tenant TENANT --client-id CLIENT", "the real thing"),
        )


def _command_off_the_path() -> str | None:
    """The command beside this Python, such as in `.venv`, where a shell does not find it."""
    import shutil

    name = "entra-oauth.exe" if os.name == "nt" else "entra-oauth"
    program = os.path.join(os.path.dirname(sys.executable), name)
    is_hidden = shutil.which("entra-oauth") is None and os.path.isfile(program)
    return program if is_hidden else None
