"""Explained mode: what is told is what is sent, before it is sent, and no secret."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from entra_oauth.channels.base import Channels, look_away
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.errors import ConnectFailed, EntraOAuthError
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.lessons.live_explain import Explained, Teller
from entra_oauth.lessons.masking import Masks
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.glossary.message_kind import back_channel_kind
from entra_oauth.protocol.glossary.message_stories import story_of
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, Wire
from entra_oauth.protocol.scopes import DATABRICKS
from entra_oauth.recording import Recorder, Recording
from kit.practice import ALICE, PASSWORD

TOKEN_POST = HttpRequest(
    method="POST",
    url="https://login.example/t/oauth2/v2.0/token",
    headers=(("Accept", "*/*"), ("Content-Type", FORM)),
    body=b"client_id=abc&grant_type=authorization_code&code=a-very-secret-code&state=s%2B1",
)


@dataclass
class Heard:
    """A teller that writes down; its questions are answered with `guess`."""

    guess: str = ""
    lines: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def teller(self) -> Teller:
        def say(text: str, indent: int) -> None:
            self.lines.append(text)

        def ask(prompt: str) -> str:
            self.asked.append(prompt)
            self.lines.append(f"ASKED {prompt}")
            return self.guess

        return Teller(prose=say, verbatim=say, ask=ask)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass
class Back:
    """A back channel that answers, or does not, and sees what was told until then."""

    heard: Heard
    error: EntraOAuthError | None = None
    told_before: str = ""
    warmed: list[str] = field(default_factory=list)

    def warm(self, url: str) -> None:
        self.warmed.append(url)

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        self.told_before = self.heard.text
        if self.error is not None:
            raise self.error
        return HttpResponse(status=200, reason="OK", body=b'{"access_token":"very-secret-token"}')


class NoFront:
    def open(self, witness: object = None) -> object:
        raise AssertionError


def channels(back: Back, aside: Back | None = None) -> Channels:
    return Channels(front=NoFront(), back=back, aside=aside)  # type: ignore[arg-type]


def sign_in_told(
    told: Explained | None, procedure: Procedure, before: Callable[[str], None] | None = None
) -> tuple[Recording, PracticeTenant]:
    """A whole sign-in at a practice tenant, its recording, and the tenant with its log."""
    tenant = PracticeTenant()
    visits: list[threading.Thread] = []
    with serve(tenant, tls=False) as hosted, RequestsBack(allow_keylog=True) as back:

        def visit(url: str) -> None:
            if before is not None:
                before(url)
            PracticeBrowser(http_send, ALICE, PASSWORD).open(url)

        def launch(url: str) -> bool:
            visits.append(threading.Thread(target=visit, args=(url,), daemon=True))
            visits[-1].start()
            return True

        mode = "query" if procedure is Procedure.ARTICLE else "form_post"
        front = Listener(launch=launch, say=lambda line: None, response_mode=mode)
        recorder = Recorder()
        ours = recorder.wrap(Channels(front=front, back=back))
        plan = SignIn(
            procedure=procedure,
            authority=Authority(hosted.base_url, ARTICLE_TENANT_ID),
            client_id=ARTICLE_CLIENT_ID,
            scopes=(DATABRICKS,),
            timeout_s=30,
        )
        sign_in(plan, told.wrap(ours) if told is not None else ours)
        for thread in visits:
            thread.join(20)
    return recorder.recording, tenant


@pytest.mark.parametrize("procedure", list(Procedure))
def test_the_bytes_that_are_told_are_the_bytes_on_the_wire(procedure: Procedure) -> None:
    heard = Heard()
    recording, _ = sign_in_told(Explained(heard.teller()), procedure)
    (exchange,) = (e for e in recording.exchanges if e.channel == "back")
    assert exchange.wire is not None
    head, _, body = exchange.wire.sent.decode().partition("\r\n\r\n")
    told = heard.lines[heard.lines.index("The bytes:", heard.lines.index("The bytes:") + 1) + 1 :]
    shown = told[: told.index("")]
    assert shown == head.split("\r\n")
    names = [piece.partition("=")[0] for piece in body.split("&")]
    assert [piece.partition("=")[0] for piece in told[len(shown) + 1].split("&")] == names
    for name, _, value in (piece.partition("=") for piece in body.split("&")):
        if name in ("client_id", "redirect_uri", "grant_type", "scope"):
            assert f"{name}={value}" in told[len(shown) + 1]


@pytest.mark.parametrize("procedure", list(Procedure))
def test_no_secret_is_told_and_equal_values_have_equal_tags(procedure: Procedure) -> None:
    heard = Heard()
    recording, tenant = sign_in_told(Explained(heard.teller()), procedure)
    secrets: set[str] = set()
    for exchange in recording.exchanges:
        for text in (exchange.request.url, exchange.request.body.decode()):
            for name in ("code", "state", "nonce", "code_verifier", "code_challenge"):
                secrets |= set(re.findall(rf"[?&]{name}=([^&]+)", f"?{text}"))
        body = exchange.response.body.decode() if exchange.response else ""
        secrets |= set(re.findall(r'"(?:access|id|refresh)_token":"([^"]+)', body))
    assert len(secrets) >= 3
    assert [each for each in secrets if each in heard.text] == []
    assert len(set(re.findall(r"<code, \d+ characters #(\w{4})>", heard.text))) == 1
    assert len(set(re.findall(r"<state, \d+ characters #(\w{4})>", heard.text))) == 1
    assert tenant.log


def test_a_sign_in_is_told_in_its_order_with_who_why_and_sources() -> None:
    heard = Heard()
    sign_in_told(Explained(heard.teller()), Procedure.HARDENED)
    messages = [line for line in heard.lines if line.startswith("Message ")]
    assert messages == [
        "Message 1: this program to the authority, by way of your browser",
        "Message 2: your browser to the listener of this program",
        "Message 3: this program to the authority's token endpoint, directly",
    ]
    assert heard.text.count("Why: ") == 3
    assert "[RFC 7636 §4.3]" in heard.text
    assert "not in this program's glossary" not in heard.text
    assert "step " not in heard.text, "the steps are those of the demo"


def test_the_flow_sends_the_same_whether_it_is_told_or_not() -> None:
    def shapes(recording: Recording) -> list[tuple[str, str, str, list[str]]]:
        found = []
        for exchange in recording.exchanges:
            if exchange.note == "page":
                continue
            text = f"{exchange.request.query}&{exchange.request.body.decode()}"
            names = [piece.partition("=")[0] for piece in text.split("&")]
            found.append((exchange.channel, exchange.note, exchange.request.method, names))
        return found

    told, _ = sign_in_told(Explained(Heard().teller()), Procedure.HARDENED)
    untold, _ = sign_in_told(None, Procedure.HARDENED)
    assert shapes(told) == shapes(untold)


def test_a_message_is_told_before_it_leaves() -> None:
    heard = Heard()
    back = Back(heard)
    told = Explained(heard.teller()).wrap(channels(back))
    told.back.warm("https://login.example")
    told.back.send(TOKEN_POST, timeout_s=1)
    assert back.warmed == ["https://login.example"]
    assert "Message 1" in back.told_before
    assert "grant_type=authorization_code" in back.told_before
    assert "The answer: 200" not in back.told_before
    assert "The answer: 200 OK" in heard.text
    assert "very-secret" not in heard.text
    assert "state=<state, 3 characters" in heard.text


def test_pause_asks_before_each_message_and_predict_before_it_is_shown() -> None:
    heard = Heard(guess="the REDIRECT uri")
    told = Explained(heard.teller(), pause=True, predict=True).wrap(channels(Back(heard)))
    told.back.send(TOKEN_POST, timeout_s=1)
    assert heard.asked == ["   your guess> ", "   Enter sends it> "]
    order = [heard.text.index(each) for each in ("Before you see it", "Yes.", "Message 1")]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("guess", "told"), [("", "The answer:"), ("the code", "Not quite."), ("x" * 9999, "Not quite.")]
)
def test_a_wrong_guess_is_answered_and_the_message_sent(guess: str, told: str) -> None:
    heard = Heard(guess=guess)
    Explained(heard.teller(), predict=True).wrap(channels(Back(heard))).back.send(
        TOKEN_POST, timeout_s=1
    )
    assert f"{told} redirect_uri" in heard.text
    assert "The answer: 200" in heard.text


def test_what_goes_on_beside_is_told_and_asks_nothing() -> None:
    heard = Heard()
    told = Explained(heard.teller(), pause=True, predict=True)
    aside = told.wrap(channels(Back(heard), Back(heard))).aside
    assert aside is not None
    aside.send(HttpRequest(method="GET", url="https://login.example/t/keys"), timeout_s=1)
    assert heard.asked == []
    assert "public keys" in heard.text


def test_a_failure_is_told_and_goes_on() -> None:
    heard = Heard()
    error = ConnectFailed("No way.", advice="Try again.")
    told = Explained(heard.teller()).wrap(channels(Back(heard, error)))
    with pytest.raises(ConnectFailed) as caught:
        told.back.send(TOKEN_POST, timeout_s=1)
    assert caught.value is error
    assert "No answer came (ConnectFailed)" in heard.text


def test_a_forged_redirect_is_told_and_the_wait_goes_on() -> None:
    heard = Heard()

    def forge(url: str) -> None:
        port = re.findall(r"localhost%3A(\d+)", url)[0]
        request = HttpRequest(
            method="POST",
            url=f"http://localhost:{port}/",
            headers=(("Content-Type", FORM),),
            body=b"code=mallorys-own-code&state=guessed-state",
        )
        assert http_send(request).status == 400

    sign_in_told(Explained(heard.teller()), Procedure.HARDENED, forge)
    assert "Not the answer: POST / was refused" in heard.text
    assert "mallorys-own-code" not in heard.text
    assert heard.text.index("Not the answer") < heard.text.index("Message 2")


def test_text_from_outside_is_told_without_control_characters() -> None:
    heard = Heard()

    class Hostile(Back):
        def send(
            self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
        ) -> HttpResponse:
            body = b'{"error":"\\u001b[2Jx","odd\\u202ename":"y","error_description":"\\u0007"}'
            return HttpResponse(status=400, reason="\x1b[31mBad", body=body)

    Explained(heard.teller()).wrap(channels(Hostile(heard))).back.send(TOKEN_POST, timeout_s=1)
    assert all(line.isprintable() for line in heard.lines)
    assert "<ESC>" in heard.text


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_no_json_object_is_told_by_its_size(body: bytes) -> None:
    heard = Heard()

    class Odd(Back):
        def send(
            self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
        ) -> HttpResponse:
            return HttpResponse(status=502, body=body)

    Explained(heard.teller()).wrap(channels(Odd(heard))).back.send(TOKEN_POST, timeout_s=1)
    assert f"502, {len(body)} bytes" in heard.text


# ---- stories and masks ------------------------------------------------------------------


GRANTS = [
    ("refresh_token", "without the person"),
    ("password", "user name and password"),
    ("client_credentials", "own name"),
    ("urn:ietf:params:oauth:grant-type:device_code", "has finished on the other"),
    ("something-else", "asks the token endpoint for tokens"),
]


@pytest.mark.parametrize(("grant", "why"), GRANTS)
def test_each_grant_has_its_own_story(grant: str, why: str) -> None:
    body = f"grant_type={grant}".encode()
    request = HttpRequest(method="POST", url="https://h/t/oauth2/v2.0/token", body=body)
    assert why in story_of(back_channel_kind(request)).purpose


def test_masks_hide_headers_that_are_not_known_to_be_harmless() -> None:
    masks = Masks()
    request = HttpRequest(
        method="GET",
        url="https://api.example/x?access_token=abcdefgh",
        headers=(("Authorization", "Bearer abcdefgh"), ("Cookie", "abcdefgh"), ("Accept", "*/*")),
    )
    text = "\n".join(masks.message(request))
    assert "abcdefgh" not in text
    assert "Authorization: Bearer <token, 8 characters" in text
    assert "Accept: */*" in text
    assert masks.value("password", "practice") == "<password>"
    assert Masks().value("code", "x") != masks.value("code", "x") or Masks().value(
        "code", "x"
    ) != masks.value("code", "x"), "another run has another key"
