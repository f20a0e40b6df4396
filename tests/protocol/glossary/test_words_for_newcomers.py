"""The catalogue and the terms speak to a reader who is new, and fit the grant that was refused."""

from __future__ import annotations

import itertools
import re

import pytest

from entra_oauth.errors import AuthorityError, UsageError, plain
from entra_oauth.protocol.endpoints.token import (
    DEVICE_GRANT,
    OBO_GRANT,
    TokenRequest,
    TokenResponse,
)
from entra_oauth.protocol.glossary.aadsts import catalogue, error_words, judge
from entra_oauth.protocol.glossary.lookup import explain
from entra_oauth.protocol.glossary.terms import terms
from kit import canaries
from kit.grants import NOW, person, refusal
from kit.guards import rows

WITHOUT_A_REDIRECT = ["refresh_token", "password", "client_credentials", DEVICE_GRANT, OBO_GRANT]

# Each with the words that must stand beside it in the same entry.
EXPLAINED = {
    r"Conditional Access": "rules for sign-ins",
    r"federated credential": "trust in an(other)? issuer|other issuers' tokens",
    r"SN\+I": "subject name and issuer",
    r"SAML": "sign-in server|handed|older protocol",
    r"PKCE": "code_challenge|response_type=code|verifier|Mobile and desktop",
}
NEVER = r"\b(OBO|ROPC|WS-Trust|CAE|PRT|IWA|SPA|B2B|B2C|UPN|IdP|OIDC|AD|WAM|FOCI|MFA|SSO|STS)\b"


@rows.every(sorted(catalogue()))
def test_each_number_is_told_in_words_that_are_written_out_or_explained(code: int) -> None:
    entry = catalogue()[code]
    readings = [entry, *(entry.for_grant(grant) for grant in entry.by_grant)]
    for each in readings:
        told = f"{each.meaning} {each.cause} {each.action}"
        assert re.findall(NEVER, told) == []
        for word, beside in EXPLAINED.items():
            if re.search(word, told):
                assert re.search(beside, told), f"{word} is not explained: {told}"


@pytest.mark.parametrize(
    ("code", "pieces"),
    [
        (50087, ["passing fault"]),
        (7000113, ["on-behalf-of", "administrator"]),
        (70021, ["federated credential", "iss, sub and aud", "issuer, subject and audience"]),
        (700211, ["federated credential", "iss"]),
        (700212, ["federated credential", "audience"]),
        (700213, ["federated credential", "sub", "capitals"]),
        (7002137, ["federated credential", "iss and sub", "capitals"]),
        (7002138, ["federated credential", "capital and small letters"]),
        (9002331, ["--tenant consumers"]),
        (9000411, ["once"]),
        (50148, ["verifier", "S256"]),
        (50149, ["S256"]),
        (50150, ["consent"]),
        (28000, ["one API"]),
    ],
)
def test_a_number_has_advice_of_its_own(code: int, pieces: list[str]) -> None:
    (explained,) = explain(str(code))
    assert explained.action is not None
    told = f"{explained.meaning} {explained.cause} {explained.action}"
    assert [piece for piece in pieces if piece not in told] == []


@rows.every(itertools.product(sorted(error_words()), WITHOUT_A_REDIRECT))
def test_a_general_advice_never_speaks_of_a_redirect_uri_in_a_flow_without_one(
    error: str, grant: str
) -> None:
    for codes in ((), (7999999,)):
        assert "redirect" not in judge(error, codes, grant_type=grant).advice.lower()


def test_a_client_refused_at_the_redemption_of_a_code_is_told_of_the_redirect_uri() -> None:
    advice = judge("invalid_client", (), grant_type="authorization_code").advice
    assert "redirect URI" in advice
    assert "redirect" not in judge("invalid_client", ()).advice


@pytest.mark.parametrize(
    ("grant", "said", "never"),
    [
        ("authorization_code", "the code is", "refresh token"),
        ("refresh_token", "the refresh token is", "code"),
        ("password", "password", "code|refresh token"),
        ("client_credentials", "secret, certificate", "code|refresh token|[Ss]ign in"),
        (DEVICE_GRANT, "the device code is", "refresh token"),
        (OBO_GRANT, "fresh token for this", "code|refresh token"),
    ],
)
def test_a_general_invalid_grant_names_what_was_handed_in(
    grant: str, said: str, never: str
) -> None:
    advice = judge("invalid_grant", (), grant_type=grant).advice
    assert said in advice
    assert not re.search(never, advice)


@pytest.mark.parametrize("codes", [(70008,), (70002, 70008)])
def test_an_expired_grant_is_told_by_what_it_was(codes: tuple[int, ...]) -> None:
    code = judge("invalid_grant", codes, grant_type="authorization_code")
    refresh = judge("invalid_grant", codes, grant_type="refresh_token")
    device = judge("invalid_grant", codes, grant_type=DEVICE_GRANT)
    assert "ten minutes" in code.advice
    assert "not used for too long" in refresh.advice
    assert not re.search("minutes|code", f"{refresh.advice} {refresh.meaning} {refresh.cause}")
    assert "device code" in device.advice


@pytest.mark.parametrize(
    ("grant", "never"),
    [
        ("authorization_code", "refresh token"),
        ("refresh_token", r"\bcode\b"),
        (DEVICE_GRANT, "refresh token"),
    ],
)
def test_a_number_that_can_mean_two_grants_speaks_of_the_one_that_was_refused(
    grant: str, never: str
) -> None:
    both = [
        entry
        for entry in catalogue().values()
        if re.search("code or (a |the )?refresh token|code, .*refresh token", entry.action)
    ]
    assert {entry.code for entry in both} == {70000, 70008}
    for entry in both:
        judged = judge("invalid_grant", (entry.code,), grant_type=grant)
        assert not re.search(never, f"{judged.advice} {judged.meaning} {judged.cause}")


def test_the_number_of_the_public_client_flows_is_told_without_a_redirect_uri() -> None:
    for grant in ("password", DEVICE_GRANT):
        advice = judge("invalid_client", (7000218,), grant_type=grant).advice
        assert "Allow public client flows" in advice
        assert "redirect" not in advice


def test_the_grant_of_the_request_reaches_the_advice_of_its_refusal() -> None:
    request = TokenRequest.refresh(person(), "1.token")
    with canaries.refused(AuthorityError) as caught:
        TokenResponse.read(refusal("invalid_grant", 70008), answering=request, received_at=NOW)
    assert "ten minutes" not in caught.value.advice
    assert "not used for too long" in caught.value.advice
    assert request.facts.grant_type == "refresh_token"


# ---- terms ------------------------------------------------------------------------------

ASKED = tuple(
    """
    PKCE jwt issuer authority listener TOY groups acrs consent csrf oauth tenant phishing token
    DPoP PAR RAR ConsentFix OBO ROPC SN+I WS-Trust CAE SAML SPA MFA SSO broker
    service-principal conditional-access federated-credential
    """.split()  # noqa: SIM905 - thirty words, one under the other, are no easier to read
)


@pytest.mark.parametrize("word", ASKED)
def test_each_word_of_the_field_has_a_meaning_and_a_source(word: str) -> None:
    for spelt in (word, word.upper(), f" {word.lower()}\n"):
        assert any(each.source for each in explain(spelt))


@pytest.mark.parametrize("word", sorted(terms()))
def test_each_term_is_in_whole_sentences(word: str) -> None:
    term = terms()[word]
    assert term.meaning == plain(term.meaning)
    assert term.meaning.endswith(".")
    assert term.source
    explained = explain(word)[0]
    assert (explained.kind, explained.name, explained.source) == ("term", term.name, term.citation)


def test_a_term_misspelt_is_offered() -> None:
    with canaries.refused(UsageError) as caught:
        explain("phising")
    assert "Did you mean phishing?" in caught.value.advice


# ---- a whole message --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("AADSTS50011: The redirect URI 'http://localhost' does not match.", ["AADSTS50011"]),
        ("invalid_grant: AADSTS70008: It has expired.", ["AADSTS70008"]),
        ("a\nb\r\nAADSTS70002: x. AADSTS70008: y. AADSTS70002", ["AADSTS70002", "AADSTS70008"]),
        ('{"error":"invalid_grant","error_codes":[70008],"x":50011}', ["AADSTS70008"]),
        ("{'error': 'x', 'error_codes': [50076, 50079]}", ["AADSTS50076", "AADSTS50079"]),
        (r"{\"error_codes\":[50105]}", ["AADSTS50105"]),
        ("http://localhost/?error=access_denied&d=AADSTS65004%3a+No", ["AADSTS65004"]),
        ("AADSTS7999999 and AADSTS50011", ["AADSTS50011"]),
        ("AADSTS5001199999 is too long: invalid_scope", ["invalid_scope"]),
        ("HTTP 400: invalid_scope, trace 50011", ["invalid_scope"]),
        ('{"error": "invalid_client"}', ["invalid_client"]),
    ],
)
def test_a_pasted_message_is_explained_by_what_is_in_it(text: str, names: list[str]) -> None:
    assert [each.name for each in explain(text)] == names


def test_a_pasted_message_with_an_unknown_number_says_so_and_repeats_nothing() -> None:
    with canaries.refused(UsageError) as caught:
        explain(f"AADSTS7999999: {canaries.CODE} is bad")
    assert caught.value.what.startswith("AADSTS7999999 is not")
    canaries.assert_clean(str(caught.value))
