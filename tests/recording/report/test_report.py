"""The report: one page that loads nothing, runs nothing, and shows everything as text."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.recording.findings import Finding, Severity
from entra_oauth.recording.report.parts import bytes_shown, linked, text
from entra_oauth.recording.report.report_page import as_html
from entra_oauth.recording.step import Evidence, Half, Level, Seen
from entra_oauth.recording.story import actors, cast_of, step_story
from kit import recordings as kit
from kit.sweep import assert_swept

EVIL = "\x1b[31m</pre><script>alert(1)</script><img src onerror> \u202egnp.exe ␍␊ \x00"
FINDINGS = (
    Finding(
        id="AR04",
        severity=Severity.ERROR,
        step=1,
        rule="The request has one.",
        text="There is no code_challenge <script>.",
        source="RFC 9700 §2.1.1, §4.5",
        mend="Send one & keep it.",
    ),
    Finding(
        id="TR18",
        severity=Severity.NOTE,
        step=None,
        rule="So it is.",
        text="A note.",
        source="Entra",
        mend="",
    ),
)
VOID = frozenset({"meta", "img", "br", "hr", "input", "link", "rect", "circle", "line", "polygon"})


class Page(HTMLParser):
    """The page as a browser would read it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.problems: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.problems += [f"{tag} is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"{tag} is closed where it is not open")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def ids(self) -> list[str]:
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]


def page(
    evidence: Evidence | None = None,
    *,
    findings: tuple[Finding, ...] | None = FINDINGS,
    learner: bool = False,
    blank: bool = False,
) -> str:
    return as_html(evidence or kit.evidence(), findings=findings, learner=learner, blank=blank)


PAGES = [
    page(),
    page(findings=None),
    page(learner=True),
    page(blank=True),
    page(kit.evidence(kit.recording(hardened=True))),
    page(kit.evidence(kit.failed(EVIL))),
    page(kit.evidence(kit.failed(EVIL)), blank=True),
    page(kit.evidence(kit.failed(EVIL), level=Level.PII), learner=True),
]


@pytest.mark.parametrize("html", PAGES)
def test_the_page_is_one_file_without_anything_that_runs_or_loads(html: str) -> None:
    found = Page(html)
    assert found.problems == []
    tags = {tag for tag, _ in found.tags}
    assert tags.isdisjoint({"script", "img", "link", "iframe", "object", "form", "base", "use"})
    for tag, attrs in found.tags:
        assert not [name for name in attrs if name.startswith("on") or name in ("style", "src")]
        href = attrs.get("href")
        if href is not None:
            assert tag == "a"
            assert re.fullmatch(
                r"#[a-z0-9-]+|https://www\.rfc-editor\.org/rfc/rfc[0-9.#a-z-]+", href
            )
            assert not href.startswith("#") or href[1:] in found.ids()


def test_what_nobody_can_decide_stands_together_by_its_reason() -> None:
    open_ones = tuple(
        replace(FINDINGS[0], id=f"XX0{n}", severity=Severity.UNDECIDABLE, step=2, text=reason)
        for n, reason in enumerate(("Taken out <b>.", "Taken out <b>.", "Not here."))
    )
    shown = page(findings=(*FINDINGS, *open_ones))
    assert "3 undecidable, and why" in shown
    assert shown.count("Taken out &lt;b&gt;.") == 1
    assert Page(shown).problems == []
    for each in open_ones:
        assert shown.count(f"<strong>{each.id}</strong>") == 1
    assert "undecidable, and why" not in page()


@pytest.mark.parametrize("html", PAGES)
def test_the_policy_allows_this_style_sheet_and_nothing_else(html: str) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policies = [a["content"] for t, a in Page(html).tags if t == "meta" and "http-equiv" in a]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("html", PAGES)
def test_the_page_is_well_made_for_who_cannot_see_it(html: str) -> None:
    found = Page(html)
    names = [tag for tag, _ in found.tags]
    assert names.count("h1") == 1
    assert names.count("main") == 1
    assert ("html", {"lang": "en"}) in found.tags
    assert len(found.ids()) == len(set(found.ids()))
    named = [a["aria-labelledby"].split() for _, a in found.tags if "aria-labelledby" in a]
    assert {name for names in named for name in names} <= set(found.ids())
    (svg,) = [a for t, a in found.tags if t == "svg" and a.get("role") == "img"]
    assert svg["aria-labelledby"] == "diagram-title diagram-desc"


def test_what_an_attacker_wrote_is_shown_and_does_nothing() -> None:
    html = page(kit.evidence(kit.failed(EVIL)))
    assert "<script" not in html
    assert "<img" not in html
    words = "".join(Page(html).words)
    assert "<script>alert(1)</script>" in words
    assert "\\u202e" in words, "as it stood in the JSON"
    assert "<U+202E>gnp.exe" in words, "decoded, by its name"
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", html)


@given(st.text(max_size=80))
def test_any_text_is_text(value: str) -> None:
    html = text(value)
    found = Page(f"<p>{html}</p>")
    assert {tag for tag, _ in found.tags} <= {"p", "mark"}
    assert found.problems == []


@pytest.mark.parametrize("html", PAGES)
def test_no_report_holds_a_secret(html: str) -> None:
    assert_swept(html, kit.PLANTED)


def test_every_step_has_what_an_auditor_asks_for() -> None:
    html = page()
    words = " ".join("".join(Page(html).words).split())
    for needed in (
        "Redeem the code",
        "RFC 6749 §4.1.3",
        "as on the wire",
        "http%3A%2F%2Flocalhost%3A8400",
        "TLS_AES_256_GCM_SHA384",
        "waiting 50.0 ms",
        "Repeat it with curl",
        "${CODE:?}",
        "AR04",
        "There is no code_challenge <script>.",
        "Send one & keep it.",
        "state-equal",
        "Cover sheet",
        "Not seen",
        "What was taken out",
    ):
        assert needed in words, needed
    assert '<span class="eol">CR</span><span class="eol">LF</span>' in html
    assert re.search(r"<mark>code #[0-9a-f]{10}, \d+ characters</mark>", html)


def test_the_kinds_in_the_marks_are_told_in_words() -> None:
    told = re.search(r"What was taken out</h2><p>(.*?)</p>", page())
    assert told
    kinds = dict(re.findall(r"<code>(\w+)</code>: ([^;.]+)", told[1]))
    assert kinds.keys() >= set(re.findall(r"<mark>(\w+)(?: #|,)", page()))
    assert (kinds["code"], kinds["at"], kinds["sig"]) == ("codes", "access tokens", "signatures")


def test_the_kind_of_a_signature_is_told_of_a_packed_body_too() -> None:
    evidence = kit.evidence()
    packed = gzip.compress(b'{"id_token": "eyJhIjoxfQ.eyJhIjoxfQ.sig~0123456789~~~"}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    (step, *_) = evidence.steps
    half = replace(step.response, data=head + packed, seen=Seen.WIRE)
    one = replace(evidence, steps=(replace(step, response=half),), claims=())
    assert "<code>sig</code>: signatures" in page(one)
    empty = replace(one, steps=(replace(step, response=replace(half, data=b"")),))
    assert "<code>sig</code>" not in page(empty)


def test_of_kinds_that_nobody_knows_nothing_is_told() -> None:
    evidence = kit.evidence()
    odd = tuple(replace(entry, kind="<odd>") for entry in evidence.ledger)
    bare = replace(evidence, ledger=odd, steps=evidence.steps[:1], claims=())
    assert "What was taken out</h2><details>" in page(bare)


def test_findings_stand_at_their_step_and_in_the_summary() -> None:
    html = page()
    assert html.count("AR04") == 2
    assert html.count("TR18") == 1
    assert "1 error, 1 note" in html
    assert "Nothing was found against the rules." in page(findings=())
    assert 'id="findings-title"' not in page(findings=None)


def test_a_learner_is_told_why() -> None:
    assert "Why so?" not in page()
    assert page(learner=True).count("Why so?") == 4


def test_a_worksheet_has_gaps_where_the_values_were() -> None:
    html = page(blank=True)
    words = "".join(Page(html).words)
    assert "Worksheet" in words
    for value in (kit.SCOPE, "authorization_code", "12a34b56", "state-equal", "AR04", "curl"):
        assert value not in words.replace("curl/", ""), value
    assert "grant_type=" in words
    assert html.count('class="gap"') > 20
    assert "hands the code in" not in words


def test_a_worksheet_leaves_out_what_nobody_could_tell() -> None:
    message = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
        b'Set-Cookie: fpc=ck~0123456789~~\r\n\r\n{"scope":"a=b","expires_in":4}'
    )
    shown = bytes_shown(message, blank=True)
    assert "charset=utf-8" in shown
    assert shown.count('class="gap"') == 3  # the cookie, which was taken out, and two members
    assert "fpc=<span" in shown
    form = bytes_shown(b"POST /?a=b HTTP/1.1\r\nHost: c=d\r\n\r\ne=f&g=h", blank=True)
    assert form.count('class="gap"') == 3
    assert bytes_shown(b"http://localhost/?a=b&c=d", blank=True).count('class="gap"') == 2
    assert bytes_shown(b"a: b=c\r\nd: e=f", blank=True).count('class="gap"') == 2  # no head's end


def test_a_worksheet_has_no_blank_in_the_style_of_a_page() -> None:
    page_bytes = (
        b"HTTP/1.1 200 OK\r\ncontent-type: TEXT/HTML; charset=utf-8\r\n\r\n"
        b"<style>main { a: b }</style><p>a page&x=y</p>"
    )
    steps = kit.evidence(kit.recording(answer=page_bytes), level=Level.NONE)
    blank = "".join(Page(page(steps, blank=True)).words)
    assert "its page is left out" in blank
    assert "a page" not in blank
    assert "charset=utf-8" in blank.lower()
    assert "a page" in "".join(Page(page(steps)).words)


def test_sources_are_links_to_their_sections() -> None:
    assert linked("RFC 6749 §4.1.1, §10.12; Entra <x>") == (
        '<a href="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1">RFC 6749 §4.1.1, §10.12</a>'
        "; Entra &lt;x&gt;"
    )


def test_a_recording_without_steps_is_a_page_too() -> None:
    empty = Evidence(steps=(), created_at=0.0, level=Level.SECRETS)
    assert Page(as_html(empty)).problems == []
    assert actors(empty) == {}


def test_each_step_has_a_story() -> None:
    steps = kit.evidence().steps
    assert [step_story(step, cast_of(steps)).title for step in steps] == [
        "Ask for a code",
        "The code comes back",
        "Redeem the code",
        "Use the token",
    ]


@pytest.mark.parametrize(
    ("seen", "level", "lead"),
    [
        (Seen.WIRE, Level.NONE, "byte by byte."),
        (Seen.WIRE, Level.SECRETS, "byte by byte but for what was taken out."),
        (Seen.REBUILT, Level.NONE, "put together from its parts where its bytes are not known."),
        (Seen.REBUILT, Level.PII, "bytes are not known; what was taken out is marked."),
    ],
)
def test_bytes_are_promised_only_where_they_were_seen(seen: Seen, level: Level, lead: str) -> None:
    half = Half(data=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", seen=seen)
    evidence = kit.evidence()
    step = replace(evidence.steps[0], request=half, response=Half())
    page = as_html(replace(evidence, steps=(step,), level=level))
    assert f"{lead}</p>" in page
