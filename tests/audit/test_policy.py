"""A house's own policy: what it allows, what it makes of a rule, and what it may not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from entra_oauth.audit import case_of, lint
from entra_oauth.audit.lint import Report
from entra_oauth.audit.policy import read_policy
from entra_oauth.audit.rules.all_rules import BY_ID
from entra_oauth.audit.text import report_lines
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import Wire
from entra_oauth.recording import Recording
from kit.audit.exchanges import article, practised

TODAY = date(2026, 11, 25)


def _judged(policy: str, recording: Recording | None = None, today: date = TODAY) -> Report:
    made = read_policy(policy, BY_ID)
    return lint(case_of(recording or article(), policy=made), today=today)


def _found(report: Report) -> dict[str, str]:
    return {j.rule.id: j.severity.value for j in report.failures()}


ALLOWED = [
    ("PL01", 'tenants = ["a1bc2d34-5e67-8f89-01ab-c2345d6c78de"]', 'tenants = ["contoso.com"]'),
    ("PL02", 'clouds = ["public"]', 'clouds = ["usgov"]'),
    ("PL03", 'clients = ["12A34B56-789c-0d12-e3fa-b456789c0123"]', 'clients = ["another"]'),
    (
        "PL04",
        'scopes = ["2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"]',
        'scopes = ["User.Read"]',
    ),
    ("PL05", 'grants = ["authorization_code"]', 'grants = ["refresh_token"]'),
    ("PL06", 'response_modes = ["query", "form_post"]', 'response_modes = ["form_post"]'),
]


@pytest.mark.parametrize(("rule", "good", "bad"), ALLOWED)
def test_what_is_not_allowed_is_an_error(rule: str, good: str, bad: str) -> None:
    assert rule not in _found(_judged(f"[allow]\n{good}\n"))
    assert _found(_judged(f"[allow]\n{bad}\n"))[rule] == "error"
    assert rule not in _found(_judged(""))


def _over(version: str, proxy: str | None = None) -> Recording:
    token = article().exchanges[2]
    head = b"POST /t/oauth2/v2.0/token HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    wire = Wire(sent=head, tls_version=version, proxy=proxy)
    return Recording((*article().exchanges[:2], replace(token, wire=wire)))


def test_the_tls_floor() -> None:
    floor = '[allow]\ntls_floor = "1.3"\n'
    assert "PL07" not in _found(_judged(floor, _over("TLSv1.3")))
    assert _found(_judged(floor, _over("TLSv1.2")))["PL07"] == "error"


def test_proxies_and_an_empty_list_of_them() -> None:
    recording = _over("TLSv1.3", "http://proxy.example:3128")
    allowed = '[allow]\nproxies = ["http://proxy.example:3128"]\n'
    assert "PL08" not in _found(_judged(allowed, recording))
    assert _found(_judged("[allow]\nproxies = []\n", recording))["PL08"] == "error"
    assert "PL08" not in _found(_judged("[allow]\nproxies = []\n"))


def test_levels_are_changed_and_rules_switched_off() -> None:
    report = _judged('[levels]\nAR18 = "error"\nTR18 = "off"\nAR04 = "note"\n')
    found = _found(report)
    assert (found["AR18"], found["AR04"]) == ("error", "note")
    assert "TR18" not in found
    assert report.off == ("TR18",)
    assert any("Switched off by the policy: TR18." in line for _, line in report_lines(report))


WAIVER = '[[waivers]]\nrule = "AR04"\nreason = "shown in the course"\nuntil = 2026-12-31\n'


def test_a_waiver_holds_up_to_its_day_and_is_told() -> None:
    last = _judged(WAIVER, today=date(2026, 12, 31))
    assert "AR04" not in _found(last)
    assert (2, "AR04  until 2026-12-31: shown in the course") in list(report_lines(last))
    late = _judged(WAIVER, today=date(2027, 1, 1))
    assert _found(late)["AR04"] == "error"
    assert (2, "AR04  Its waiver ended on 2026-12-31.") in list(report_lines(late))


def test_what_is_undecided_or_holds_is_not_waived() -> None:
    late = Recording(article().exchanges[2:])
    report = _judged(WAIVER, late)
    assert "AR04" in {j.rule.id for j in report.of(VerdictKind.UNDECIDABLE)}
    assert report.waived() == ()
    assert not any(j.lapsed for j in _judged(WAIVER, late, date(2027, 1, 1)).judged)


@pytest.mark.parametrize("length", [300, 301])
def test_a_long_reason_is_told_in_three_hundred_characters(length: int) -> None:
    made = read_policy(WAIVER.replace("shown in the course", "x" * length), BY_ID)
    waiver = made.waiver("AR04")
    assert waiver is not None
    assert waiver.reason == plain("x" * length, limit=300)
    assert (waiver.reason == "x" * length) is (length == 300)


REFUSED = [
    ("not toml [", "no TOML"),
    (f"x = {'[' * 10_000}", "nested too deeply"),
    (f"x = {'9' * 5_000}", "a number out of all range"),
    ("[alow]\n", "alow is not known in the policy"),
    ('[allow]\ntenant = ["x"]\n', r"tenant is not known in \[allow\]"),
    ('[allow]\ntenants = "x"\n', "tenants is no list"),
    ("[allow]\ntenants = [1]\n", "tenants is no list"),
    ('[allow]\ntenants = [""]\n', "tenants is no list"),
    ("[allow]\ntenants = []\n", "tenants is empty"),
    ('[allow]\ntenants = ["x", "X"]\n', "names something twice"),
    ('[allow]\nclouds = ["moon"]\n', "moon is none of the clouds"),
    ('[allow]\ngrants = ["implicit"]\n', "implicit is none of the grants"),
    ('[allow]\nresponse_modes = ["post"]\n', "post is none of the response_modes"),
    ("[allow]\ntls_floor = 1.2\n", "tls_floor"),
    ('[allow]\ntls_floor = "2.0"\n', "tls_floor"),
    ("allow = 1\n", "allow is no table"),
    ('[levels]\nXX99 = "off"\n', r"XX99 in \[levels\] is no rule"),
    ('[levels]\nAR04 = "fatal"\n', "AR04"),
    ('[[waivers]]\nrule = ["AR04"]\nreason = "x"\nuntil = 2026-12-31\n', "is no rule"),
    ('[[waivers]]\nrule = 4\nreason = "x"\nuntil = 2026-12-31\n', "is no rule"),
    ("[levels]\nAR04 = 1\n", "AR04"),
    ("waivers = 1\n", "waivers is no list"),
    ("waivers = [1]\n", "waivers is no list"),
    ("waivers = [{}, 1]\n", "waivers is no list"),
    ('[[waivers]]\nrule = "AR04"\nwhy = "x"\n', "why is not known"),
    ('[[waivers]]\nreason = "x"\nuntil = 2026-12-31\n', "is no rule"),
    ('[[waivers]]\nrule = "AR04"\nuntil = 2026-12-31\n', "gives no reason"),
    ('[[waivers]]\nrule = "AR04"\nreason = "  "\nuntil = 2026-12-31\n', "gives no reason"),
    ('[[waivers]]\nrule = "AR04"\nreason = 5\nuntil = 2026-12-31\n', "gives no reason"),
    ('[[waivers]]\nrule = "AR04"\nreason = "x"\n', "has no end"),
    ('[[waivers]]\nrule = "AR04"\nreason = "x"\nuntil = "soon"\n', "has no end"),
    ('[[waivers]]\nrule = "AR04"\nreason = "x"\nuntil = 2026-12-31T10:00:00\n', "has no end"),
    # ---- what contradicts itself
    (WAIVER + WAIVER, "AR04 is waived twice"),
    ('[levels]\nAR04 = "off"\n' + WAIVER, "AR04 is off and waived"),
    ('[allow]\nresponse_modes = ["query"]\n[levels]\nAR18 = "error"\n', "AR18 makes it an error"),
    (
        '[allow]\ngrants = ["device_code"]\nresponse_modes = ["query"]\n',
        "the grant that has them is not",
    ),
    ('[allow]\ngrants = ["password"]\n[levels]\nTR16 = "error"\n', "TR16 makes it an error"),
    (
        '[allow]\ngrants = ["authorization_code"]\nscopes = ["offline_access"]\n',
        "refresh_token is not",
    ),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_a_policy_that_cannot_be_meant_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read_policy(text, BY_ID)
    assert caught.value.advice


@pytest.mark.parametrize(
    "text",
    [
        '[allow]\ngrants = ["password"]\n',
        '[allow]\ngrants = ["device_code"]\n[levels]\nTR16 = "error"\n',
        '[allow]\ngrants = ["authorization_code"]\nresponse_modes = ["query"]\n',
        '[allow]\nresponse_modes = ["query"]\n[levels]\nAR18 = "warning"\n',
        '[allow]\nresponse_modes = ["query", "form_post"]\n[levels]\nAR18 = "error"\n',
        '[allow]\nresponse_modes = ["form_post"]\n[levels]\nAR18 = "error"\n',
        '[allow]\ngrants = ["refresh_token"]\nscopes = ["offline_access"]\n',
        '[allow]\nscopes = ["offline_access"]\n',
        '[levels]\nAR08 = "off"\n[[waivers]]\nrule = "AR04"\nreason = "x"\nuntil = 2026-12-31\n',
    ],
)
def test_what_only_looks_like_a_contradiction_is_none(text: str) -> None:
    assert read_policy(text, BY_ID) is not None


def test_blanks_around_a_reason_are_none_of_it() -> None:
    made = read_policy(WAIVER.replace("shown in the course", "  shown  "), BY_ID)
    assert [waiver.reason for waiver in made.waivers] == ["shown"]


def test_the_example_in_the_manual_of_the_policy_is_one() -> None:
    import textwrap

    from entra_oauth.audit import policy

    text = (policy.__doc__ or "").partition("\n\n")[2].rpartition("\n\n")[0]
    made = read_policy(textwrap.dedent(text), BY_ID)
    assert made.tls_floor == (1, 2)
    assert made.waiver("AR04")


def test_a_hardened_sign_in_passes_a_strict_policy() -> None:
    strict = (
        '[allow]\ngrants = ["authorization_code", "refresh_token"]\n'
        'response_modes = ["form_post"]\nproxies = []\n'
        '[levels]\nAR18 = "error"\nTR18 = "error"\n'
    )
    assert set(_found(_judged(strict, practised(Procedure.HARDENED))).values()) == {"note"}
