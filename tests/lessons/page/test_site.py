"""The site asked as a browser asks, and as those ask who may not come in."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from entra_oauth.lessons.learn.progress import Mark, Progress
from entra_oauth.lessons.page.course import Course
from entra_oauth.lessons.page.gate import Gate
from entra_oauth.lessons.page.lab_room import LabRoom
from entra_oauth.lessons.page.scene import StaleTurn
from entra_oauth.lessons.page.scene_room import SceneRoom
from entra_oauth.lessons.page.shelf import Shelf
from entra_oauth.lessons.page.site import Site
from entra_oauth.practice import http_send
from entra_oauth.protocol.messages import FORM, Fields, HttpRequest, HttpResponse


@dataclass
class Visitor:
    """Somebody with a browser, who knows the address."""

    site: Site
    course: Course
    progress: Progress

    def get(self, rest: str = "flow", *headers: tuple[str, str]) -> HttpResponse:
        return http_send(HttpRequest(method="GET", url=self.site.url + rest, headers=headers))

    def post(self, rest: str, *headers: tuple[str, str], **fields: str) -> HttpResponse:
        body = urlencode({"token": self.site.gate.token, **fields}).encode()
        url = self.site.url + rest
        sent = (("Content-Type", FORM), *headers)
        return http_send(HttpRequest(method="POST", url=url, headers=sent, body=body))

    def answer(self, typed: str = "", command: str = "") -> HttpResponse:
        turn = str(self.course.look().turn)
        return self.post("answer", typed=typed, command=command, turn=turn)


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    progress, labs = Progress(tmp_path / "learn.json"), Progress(tmp_path / "labs.json")
    with Course(progress, with_curl=False) as course:
        rooms = Shelf(course, labs), SceneRoom(course, has_shelf=True), LabRoom(labs)
        with Site(*rooms) as site:
            yield Visitor(site, course, progress)


def words(reply: HttpResponse) -> str:
    text = reply.body.decode()
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.S)).split())


# ---- who may come in --------------------------------------------------------------------


def test_the_path_is_another_in_each_run_and_nothing_is_found_without_it(visitor: Visitor) -> None:
    base = visitor.site.url.removesuffix(visitor.site.gate.path)
    assert len(visitor.site.gate.path) > 32
    assert visitor.site.gate.path != Gate().path
    for path in ("/", "/flow", "/favicon.ico", f"{visitor.site.gate.path[:-2]}/flow"):
        assert http_send(HttpRequest(method="GET", url=base + path)).status == 404
    assert visitor.get("").status == 200


REFUSED: list[tuple[str, Fields, int]] = [
    ("another name in Host", (("Host", "mallory.example"),), 421),
    ("a name that ends like ours", (("Host", "localhost.mallory.example:80"),), 421),
    ("a page of another origin", (("Origin", "https://mallory.example"),), 403),
    ("another port of this machine", (("Origin", "http://localhost:1"),), 403),
    ("a cross-site form that hides its origin", (("Sec-Fetch-Site", "cross-site"),), 403),
    ("a page of another port", (("Sec-Fetch-Site", "same-site"),), 403),
    ("another content type", (("Content-Type", "text/plain"),), 400),
]


@pytest.mark.parametrize(("name", "headers", "status"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_form_is_refused_from(visitor: Visitor, name: str, headers: Fields, status: int) -> None:
    visitor.course.open(1)
    before = visitor.course.look()
    given = dict(headers)
    sent = {"Host": urlsplit(visitor.site.url).netloc, "Content-Type": FORM, **given}
    body = urlencode({"token": visitor.site.gate.token, "turn": before.turn}).encode()
    request = HttpRequest(
        method="POST", url=f"{visitor.site.url}answer", headers=tuple(sent.items()), body=body
    )
    reply = visitor.site.handle(request)
    assert reply.status == status
    assert visitor.course.look() == before


def test_a_form_without_the_token_of_this_run_does_nothing(visitor: Visitor) -> None:
    visitor.course.open(1)
    before = visitor.course.look()
    for token in ("", "x", visitor.site.gate.token[:-1]):
        reply = visitor.post("answer", token=token, turn=str(before.turn))
        assert reply.status == 403
        assert "nothing is lost" in words(reply)
    assert visitor.course.look() == before


def test_a_form_whose_origin_is_hidden_by_the_referrer_policy_is_taken(visitor: Visitor) -> None:
    visitor.course.open(1)
    turn = str(visitor.course.look().turn)
    headers = (("Origin", "null"), ("Sec-Fetch-Site", "same-origin"))
    assert visitor.post("answer", *headers, turn=turn).status == 303
    assert visitor.course.look().step == 1


def test_other_methods_and_other_pages_get_a_plain_word(visitor: Visitor) -> None:
    visitor.course.open(1)
    url = visitor.site.url
    assert http_send(HttpRequest(method="PUT", url=url + "flow")).status == 405
    assert visitor.get("nowhere").status == 404
    assert visitor.get("answer").status == 404
    assert visitor.get("lab?n=99").status == 404
    assert visitor.post("send", m="99").status == 409
    assert visitor.post("open", chapter="99").status == 404


# ---- what each answer carries -----------------------------------------------------------


class _Outward(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "src", "srcset"):
                self.found.append(f"{tag} {name}")
            if name in ("href", "action") and not (value or "").startswith(
                ("#", "/", "https://www.rfc-editor.org/rfc/")
            ):
                self.found.append(f"{tag} {name} {value}")
        if tag in ("script", "link", "img", "iframe", "object", "base"):
            self.found.append(tag)


@pytest.mark.parametrize("rest", ["", "flow", "lab?n=3", "nowhere"])
def test_no_page_runs_or_loads_anything_and_each_says_so_to_the_browser(
    visitor: Visitor, rest: str
) -> None:
    visitor.course.open(4)
    reply = visitor.get(rest)
    sheet = reply.body.decode().partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(sheet.encode()).digest()).decode()
    policy = reply.header("Content-Security-Policy") or ""
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.header("Cache-Control") == "no-store"
    assert reply.header("Referrer-Policy") == "no-referrer"
    assert reply.header("X-Content-Type-Options") == "nosniff"
    parser = _Outward()
    parser.feed(reply.body.decode())
    assert parser.found == []


# ---- a chapter --------------------------------------------------------------------------


def test_a_whole_chapter_is_done_and_its_progress_kept(visitor: Visitor) -> None:
    assert visitor.post("open", chapter="4").header("Location").endswith("/flow")  # type: ignore[union-attr]
    for _ in range(30):
        look = visitor.course.look()
        if not look.controls.prompt:
            break
        page = words(visitor.get())
        assert f"Step {look.step + 1} of {look.steps}" in page
        visitor.answer(command="" if look.controls.is_pause else "answer")
    assert "Chapter 4 is done." in words(visitor.get())
    assert visitor.progress.marks()[4].done
    assert visitor.course.look().controls.next_chapter == 5


def test_the_arrows_are_those_of_what_has_happened(visitor: Visitor) -> None:
    visitor.course.open(5)
    assert "Nothing has been sent yet" in words(visitor.get())
    counts = []
    for _ in range(30):
        look = visitor.course.look()
        if not look.controls.prompt:
            break
        counts.append(len(look.evidence.steps))
        assert visitor.get().body.decode().count('<circle class="') == min(10, counts[-1])
        visitor.answer(command="" if look.controls.is_pause else "answer")
    assert counts == sorted(counts)
    assert len(set(counts)) > 2


def test_the_bytes_of_a_token_request_are_those_of_the_wire_and_each_value_is_linked(
    visitor: Visitor,
) -> None:
    visitor.course.open(4)
    for typed in ("", "answer", "", "send"):
        visitor.answer(typed)
    steps = visitor.course.look().evidence.steps
    page = visitor.get(f"flow?m={len(steps)}").body.decode()
    assert "Redeem the code" in page
    carried = visitor.course._opened.classroom.carried[-1]
    assert carried.wire is not None
    assert steps[-1].request.data == carried.wire.sent
    for name in ("client_id", "scope", "code", "redirect_uri", "grant_type", "state"):
        assert f'<a class="value" href="#v-r-{name}">' in page
        assert page.count(f'id="v-r-{name}"') == 1
    assert '<a class="value" href="#v-a-access_token">' in page
    assert "← came from" in page


def test_an_old_page_changes_nothing_and_gives_back_what_was_typed(visitor: Visitor) -> None:
    visitor.course.open(4)
    visitor.answer()
    old = visitor.course.look().turn
    visitor.course.say("hint", turn=old)  # the terminal goes on
    before = visitor.course.look()
    reply = visitor.post("answer", turn=str(old), typed="a long answer of mine")
    assert reply.status == 409
    assert "a long answer of mine" in words(reply)
    assert "gone on meanwhile" in words(reply)
    assert visitor.course.look() == before
    with pytest.raises(StaleTurn):
        visitor.course.say("answer", turn=old)


def test_a_chapter_that_was_left_is_gone_on_with_and_two_chapters_share_no_turn(
    visitor: Visitor,
) -> None:
    visitor.progress.save(4, Mark(step=3))
    visitor.course.open(4)
    look = visitor.course.look()
    assert look.step == 3
    visitor.course.open(5)
    assert visitor.post("answer", turn=str(look.turn), typed="x").status == 409


# ---- edit and send again ----------------------------------------------------------------


def _redeemed(visitor: Visitor) -> int:
    visitor.course.open(4)
    for typed in ("", "answer", "", "send"):
        visitor.answer(typed)
    return len(visitor.course.look().evidence.steps)


def test_an_edited_message_goes_to_the_practice_tenant_and_its_answer_is_shown(
    visitor: Visitor,
) -> None:
    number = _redeemed(visitor)
    fields = {"n0": "grant_type", "v0": "authorization_code", "p0": "form"}
    fields |= {"n1": "code", "v1": "of nobody", "p1": "form", "x2": "1", "n2": "state", "v2": "s"}
    reply = visitor.post("send", m=str(number), **fields)
    assert reply.status == 303
    look = visitor.course.look()
    last = look.evidence.steps[-1]
    assert last.number == number + 1
    assert last.http_request.body == b"grant_type=authorization_code&code=of+nobody"
    assert "AADSTS" in words(visitor.get(f"flow?m={last.number}"))


@pytest.mark.parametrize(
    "path", ["//mallory.example/oauth2/v2.0/token", "/x/oauth2/v2.0/token", "/a/../token"]
)
def test_whatever_host_and_path_a_message_names_it_goes_to_the_tenant(
    visitor: Visitor, path: str
) -> None:
    from dataclasses import replace

    from entra_oauth.lessons.page.views.send_again import edited

    visitor.course.open(4)
    look = visitor.course.look()
    step = replace(look.evidence.steps[0], url=f"http://mallory.example{path}", method="POST")
    made = edited(step, {"n0": "host", "v0": "mallory.example", "p0": "header"}, look.tenant_url)
    assert urlsplit(made.url).netloc == urlsplit(look.tenant_url).netloc
    assert [name for name, _ in made.headers] == ["Accept", "Content-Type"]


def test_a_message_to_the_program_cannot_be_sent(visitor: Visitor) -> None:
    visitor.course.open(4)
    steps = visitor.course.look().evidence.steps
    (back,) = [step for step in steps if step.name == "redirect"]
    assert "Send to the practice tenant" not in words(visitor.get(f"flow?m={back.number}"))


def test_a_header_cannot_be_broken_into_two(visitor: Visitor) -> None:
    number = _redeemed(visitor)
    fields = {"n0": "Authorization", "v0": "Bearer x\r\nHost: mallory", "p0": "header"}
    assert visitor.post("send", m=str(number), **fields).status == 303
    last = visitor.course.look().evidence.steps[-1]
    assert last.http_request.header("Authorization") == "Bearer xHost: mallory"


ODD = [b"\xff\xfe\x00", b"a=" * 5000, b"turn=%ff&typed=%00%1b%5b", b"&&&=&="]


@pytest.mark.parametrize("body", ODD)
def test_bytes_that_are_no_form_of_ours_get_a_plain_word(visitor: Visitor, body: bytes) -> None:
    visitor.course.open(4)
    before = visitor.course.look()
    for rest in ("answer", "send", "open", "lab?n=3"):
        token = urlencode({"token": visitor.site.gate.token}).encode()
        for data in (body, token + b"&" + body):
            headers = (("Content-Type", FORM),)
            url = visitor.site.url + rest
            reply = http_send(HttpRequest(method="POST", url=url, headers=headers, body=data))
            assert 300 < reply.status < 500
            assert "Traceback" not in words(reply)
    assert visitor.course.look() == before
