"""No secret stands in a contract, wherever it was planted; nor does a hash of what is short."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from entra_oauth.audit.contract.contract_file import contract_text
from entra_oauth.audit.contract.learn_contract import learn
from entra_oauth.audit.contract.observe import observe
from entra_oauth.errors import SecurityError
from entra_oauth.protocol.glossary.secrecy import is_plain_name, is_public
from entra_oauth.protocol.messages import encode_form, parse_form
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.redaction.leak_search import leaks
from entra_oauth.recording.step import rebuilt
from kit import canaries, recordings
from kit.audit.clients_in_memory import WAYS, by_us, whole
from kit.audit.mutations import answered, sent

NAMES = ("state", "code", "password", "pin", "x-mine", "login_hint", "client_secret", "nonce")
PLACES = ("query", "form", "header", "member", "name", "path", "answer header", "agent", "cookie")
SECRETS = st.text(
    alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~",
    min_size=16,
    max_size=90,
).filter(lambda text: len(set(text)) > 6 and not text.endswith("."))


def planted(recording: Recording, place: str, name: str, secret: str) -> Recording:
    """The recording with the secret in every message that has such a place, and as its code."""
    return Recording(tuple(_planted(each, place, name, secret) for each in recording.exchanges))


def _planted(exchange: Exchange, place: str, name: str, secret: str) -> Exchange:
    request, response = exchange.request, exchange.response
    if place in ("query", "path", "name"):
        base, _, query = request.url.partition("?")
        fields = [(n, v) for n, v in parse_form(query) if n != name]
        fields.append((secret, "1") if place == "name" else (name, secret))
        if place == "path":
            base, fields = f"{base}/{secret}", fields[:-1]
        return sent(exchange, replace(request, url=f"{base}?{encode_form(tuple(fields))}"))
    if place == "form":
        fields = [(n, v) for n, v in parse_form(request.body.decode()) if n != name]
        return sent(
            exchange, replace(request, body=encode_form((*fields, (name, secret))).encode())
        )
    if place in ("header", "agent", "cookie"):
        header = {"header": name, "agent": "User-Agent", "cookie": "Cookie"}[place]
        value = f"a={secret}" if place == "cookie" else secret
        kept = tuple(pair for pair in request.headers if pair[0] != header)
        return sent(exchange, replace(request, headers=(*kept, (header, value))))
    if response is None:
        return exchange
    if place == "answer header":
        return answered(
            exchange, replace(response, headers=(*response.headers, (f"X-{name}", secret)))
        )
    body = response.body.replace(b"{", b'{"%s": "%s", ' % (name.encode(), secret.encode()), 1)
    return answered(exchange, replace(response, body=body))


@pytest.fixture(scope="module")
def passed() -> tuple[Recording, Recording]:
    return by_us(0), by_us(1)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_planted_secret_stands_in_a_contract(
    passed: tuple[Recording, Recording], data: st.DataObject
) -> None:
    place, name = data.draw(st.sampled_from(PLACES)), data.draw(st.sampled_from(NAMES))
    secret = data.draw(SECRETS)
    # Hypothesis also tries words of the program. One that is public is nobody's secret, and a
    # name of letters alone is no different from a parameter's own.
    assume(not is_public(secret) and (place != "name" or not is_plain_name(secret)))
    # It also passes as a code, so that it is known for a secret wherever else it stands.
    known = data.draw(st.booleans()) or place in ("agent", "path")
    them = [planted(each, place, name, secret) for each in passed]
    if known:
        them = [planted(each, "form", "code", secret) for each in them]
    contract = learn([observe(whole(each)) for each in them])
    text = contract_text(contract)
    assert secret not in text
    assert not leaks(text.encode(), [secret])


@pytest.mark.parametrize("client", ["ours", "the article", "authlib"])
def test_no_secret_of_a_sign_in_stands_in_its_contract(client: str) -> None:
    seen = [observe(whole(WAYS[client](number))) for number in range(2)]
    live = {secret for each in seen for secret in each.live}
    assert len(live) > 5
    text = contract_text(learn(seen), live)
    assert not leaks(text.encode(), live)


def test_no_canary_stands_in_a_contract() -> None:
    case = whole(recordings.recording(hardened=True))
    text = contract_text(learn([observe(case), observe(case)]))
    assert not leaks(text.encode(), recordings.PLANTED)
    for value in (*recordings.PLANTED, canaries.TENANT, canaries.CLIENT_ID):
        assert value not in text


@pytest.mark.parametrize(
    "value", ["1234", "off2", "hunter2", "2026-11-29", "alice", "0000000000000000"]
)
def test_a_short_value_of_an_unknown_name_is_neither_kept_nor_hashed(
    passed: tuple[Recording, Recording], value: str
) -> None:
    them = [planted(each, "form", "x-mine", value) for each in passed]
    text = contract_text(learn([observe(whole(each)) for each in them]))
    assert 'name = "x-mine", value = "shape"' in text
    assert f'"{value}"' not in text
    assert sha256(value.encode()).hexdigest() not in text


@pytest.mark.parametrize("name", ["password", "client_secret", "user_code", "otp"])
def test_of_a_password_not_even_the_length_is_kept(
    passed: tuple[Recording, Recording], name: str
) -> None:
    them = [planted(each, "form", name, "hunter2hunter2") for each in passed]
    text = contract_text(learn([observe(whole(each)) for each in them]))
    assert f'{{ name = "{name}", value = "secret" }}' in text


def test_a_contract_that_would_hold_a_secret_is_not_written(
    passed: tuple[Recording, Recording],
) -> None:
    contract = learn([observe(whole(passed[0]))])
    with pytest.raises(SecurityError) as caught:
        contract_text(contract, ["application/x-www-form-urlencoded"])
    assert "urlencoded" not in str(caught.value)


def test_the_kit_sends_what_it_says(passed: tuple[Recording, Recording]) -> None:
    (exchange,) = [e for e in passed[0].exchanges if e.note == "token"]
    assert exchange.wire is not None
    assert exchange.wire.sent == rebuilt(exchange.request)
