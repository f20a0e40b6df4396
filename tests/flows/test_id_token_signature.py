"""Keys are fetched beside the sign-in, kept, fetched again when they must be; nobody waits."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.channels.base import Channels
from entra_oauth.errors import (
    ConnectFailed,
    EntraOAuthError,
    ExchangeBroken,
    IdTokenRefused,
    LocalError,
)
from entra_oauth.flows import id_token_signature as under_test
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.flows.id_token_signature import KeyStore, SignatureCheck
from entra_oauth.flows.refresh_token import refresh
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints import signing_keys
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.endpoints.signing_keys import KEYS_LIFE_S, REFETCH_S, SigningKeys
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Recorder
from kit import canaries
from kit.canaries import TENANT
from kit.grants import NOW, Answer, World, id_token, json_reply, person, tokens
from kit.played_channels import FakeBack, FakeFront, answer_to, parameters
from kit.servers import id_token_key

AUTHORITY = Authority.of(TENANT)
OTHER_ISSUER = "https://login.example/{tenantid}/v2.0"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "_AFTER_S", 0.0)


def brought(token: str | None) -> TokenResponse:
    return TokenResponse(
        token_type="Bearer",
        access_token=canaries.ACCESS_TOKEN,
        scope=None,
        expires_in=60,
        received_at=NOW,
        id_token=token,
    )


def check(world: World, token: str | None, store: KeyStore | None = None) -> TokenResponse:
    begun = SignatureCheck.begin(AUTHORITY, world.channels, store or KeyStore())
    return begun.check(brought(token))


def test_nobody_waits_for_keys_when_the_sign_in_is_over() -> None:
    world = World([tokens()], keys=json_reply({}, ("Retry-After", "60"), status=429))
    with SignatureCheck.begin(AUTHORITY, world.channels, KeyStore()):
        (thread,) = [each for each in threading.enumerate() if each.name == "keys"]
        deadline = time.monotonic() + 20
        while not world.key_requests and time.monotonic() < deadline:
            time.sleep(0.005)
        assert thread.is_alive()
    thread.join(20)
    assert not thread.is_alive()
    assert len(world.key_requests) == 1


def test_a_good_signature_leaves_the_answer_as_it_is() -> None:
    world = World([tokens()], keys=id_token_key.keys_answer())
    assert check(world, id_token()) == brought(check(world, id_token()).id_token)
    (request, _) = world.key_requests
    assert request.url == f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"
    assert request.method == "GET"


def other_key() -> HttpResponse:
    """Keys of the right name, and not the key that signs."""
    key = {**id_token_key.jwks("other")["keys"][0], "kid": id_token_key.KID}
    return json_reply({"keys": [key]})


@pytest.mark.parametrize(
    ("token", "keys", "word"),
    [
        (id_token(by="other"), id_token_key.keys_answer(), "does not publish"),
        (id_token(), other_key(), "signature is wrong"),
        (f"{id_token()[:-8]}AAAAAAAA", id_token_key.keys_answer(), "signature is wrong"),
        (
            id_token(),
            json_reply(id_token_key.jwks(issuer="https://x/{tenantid}/v2.0")),
            "another issuer",
        ),
    ],
)
def test_a_bad_signature_is_fatal(token: str, keys: HttpResponse, word: str) -> None:
    world = World([tokens()], keys=keys)
    with canaries.refused(IdTokenRefused) as caught:
        check(world, token)
    assert word in caught.value.what
    assert canaries.found_in(caught.value, [token]) == []


NOT_HAD: dict[str, Answer] = {
    "no connection": ConnectFailed("It could not be reached.", advice="Check it."),
    "a page": HttpResponse(status=200, headers=(("Content-Type", "text/html"),), body=b"<html>"),
    "not there": json_reply({}, status=404),
    "no list": json_reply({"keys": {}}),
    "an empty list": json_reply({"keys": []}),
    "none for signatures": json_reply(id_token_key.jwks(use="enc")),
    "none for RS256": json_reply(id_token_key.jwks(alg="HS256")),
    "no RSA": json_reply(id_token_key.jwks(kty="EC")),
    "too many": json_reply({"keys": id_token_key.jwks()["keys"] * 101}),
    "busy for ever": HttpResponse(status=503, headers=(("Retry-After", "315360000"),)),
}


@pytest.mark.parametrize("name", NOT_HAD)
def test_keys_that_cannot_be_had_are_a_warning(name: str) -> None:
    world = World([tokens()], keys=NOT_HAD[name])
    answer = check(world, id_token())
    assert len(answer.warnings) == 1
    assert "signature was not checked" in answer.warnings[0]


@pytest.mark.parametrize(
    "fault",
    [
        *(HttpResponse(status=status) for status in (408, 429, 500, 502, 503, 504)),
        ConnectFailed("It could not be reached.", advice="Check it."),
        ExchangeBroken("It broke off.", advice="Check it."),
    ],
)
def test_keys_are_asked_for_again_where_the_fault_may_pass(
    fault: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SignatureCheck, "_pause", lambda self, seconds: None)
    answers = iter([fault, json_reply(id_token_key.jwks())])
    world = World([tokens()], keys=lambda request: next(answers))
    assert check(world, id_token()).warnings == ()
    assert len(world.key_requests) == 2


def test_a_kid_that_stands_twice_names_no_key() -> None:
    twice = json_reply({"keys": id_token_key.jwks()["keys"] * 2})
    with canaries.refused(IdTokenRefused) as caught:
        check(World([tokens()], keys=twice), id_token())
    assert "does not publish" in caught.value.what


def test_keys_are_kept_for_a_day() -> None:
    world, store = World([tokens()], keys=id_token_key.keys_answer()), KeyStore()
    for passed, fetched in [(0, 1), (1, 1), (KEYS_LIFE_S - 1, 1), (KEYS_LIFE_S, 2)]:
        world.now = NOW + passed
        check(world, id_token(), store)
        assert len(world.key_requests) == fetched
    assert store.fresh(AUTHORITY, now=NOW - 1) is None, "a clock that went back"


def test_each_authority_has_keys_of_its_own() -> None:
    world, store = World([tokens()], keys=id_token_key.keys_answer()), KeyStore()
    check(world, id_token(), store)
    other = Authority.of(TENANT, cloud="usgov")
    SignatureCheck.begin(other, world.channels, store).check(brought(id_token()))
    assert len(world.key_requests) == 2
    assert world.key_requests[1].url.startswith("https://login.microsoftonline.us/")


def test_an_unknown_key_is_looked_for_once_a_minute_at_most() -> None:
    world, store = World([tokens()], keys=id_token_key.keys_answer()), KeyStore()
    check(world, id_token(), store)
    for passed, fetched in [(REFETCH_S - 1, 1), (REFETCH_S, 2), (REFETCH_S + 1, 2)]:
        world.now = NOW + passed
        with canaries.refused(IdTokenRefused):
            check(world, id_token(by="new"), store)
        assert len(world.key_requests) == fetched
    world.keys = id_token_key.keys_answer(id_token_key.KID, "new")
    world.now = NOW + 3 * REFETCH_S
    assert check(world, id_token(by="new"), store).warnings == ()
    assert check(world, id_token(), store).warnings == ()
    assert len(world.key_requests) == 3


def test_where_keys_cannot_be_looked_for_again_an_unknown_one_is_still_refused() -> None:
    world, store = World([tokens()], keys=id_token_key.keys_answer()), KeyStore()
    check(world, id_token(), store)
    world.now, world.keys = NOW + REFETCH_S, NOT_HAD["no connection"]
    with canaries.refused(IdTokenRefused):
        check(world, id_token(by="new"), store)


def test_without_an_id_token_or_a_second_channel_nothing_is_checked() -> None:
    world = World([tokens()], keys=id_token_key.keys_answer())
    assert check(world, None).warnings == ()
    alone = World([tokens()])
    assert check(alone, id_token(by="other")).warnings == ()


# The whole sign-in


def signed_in(procedure: Procedure, aside: Any, recorder: Recorder | None = None) -> TokenResponse:
    asked: dict[str, str] = {}

    def answers(url: str) -> list[HttpRequest]:
        asked.update(parameters(url))
        return [answer_to(url, ("code", canaries.CODE))]

    def token_answer(request: HttpRequest) -> HttpResponse:
        return tokens(id_token=id_token(nonce=asked["nonce"]) if "nonce" in asked else None)

    front = FakeFront(answers, [])
    channels = Channels(front=front, back=FakeBack(token_answer), aside=aside, now=lambda: NOW)
    plan = SignIn(
        procedure=procedure,
        authority=AUTHORITY,
        client_id=canaries.CLIENT_ID,
        scopes=("databricks",),
    )
    return sign_in(plan, recorder.wrap(channels) if recorder else channels)


def test_a_sign_in_fetches_the_keys_beside_and_the_recording_has_them() -> None:
    recorder = Recorder()
    signed_in(Procedure.HARDENED, FakeBack(lambda _: id_token_key.keys_answer()), recorder)
    notes = [e.note for e in recorder.recording.exchanges if e.channel == "back"]
    assert sorted(notes) == ["keys", "token"]


def test_the_articles_procedure_asks_for_no_keys() -> None:
    aside = FakeBack(lambda _: id_token_key.keys_answer())
    signed_in(Procedure.ARTICLE, aside)
    assert aside.requests == []


def test_the_token_request_does_not_wait_for_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    redeemed = threading.Event()

    def keys(request: HttpRequest) -> HttpResponse:
        assert redeemed.wait(20), "the token request waits for the keys"
        return id_token_key.keys_answer()

    whole = TokenResponse.read

    def read(*args: Any, **more: Any) -> TokenResponse:
        redeemed.set()
        return whole(*args, **more)

    monkeypatch.setattr(TokenResponse, "read", read)
    assert signed_in(Procedure.HARDENED, FakeBack(keys)).warnings == ()


def test_keys_that_are_late_are_waited_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "_PATIENCE_S", 0.05)
    over = threading.Event()

    def keys(request: HttpRequest) -> HttpResponse:
        over.wait(20)
        raise ConnectFailed("Too late.", advice="Check it.")

    try:
        answer = signed_in(Procedure.HARDENED, FakeBack(keys))
    finally:
        over.set()
    assert len(answer.warnings) == 1


def test_where_no_thread_can_be_had_the_sign_in_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    world = World([tokens()], keys=id_token_key.keys_answer())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        begun = SignatureCheck.begin(AUTHORITY, world.channels, KeyStore())
    assert len(begun.check(brought(id_token())).warnings) == 1


def test_what_a_check_raises_is_one_of_our_errors() -> None:
    world = World([tokens()], keys=id_token_key.keys_answer())
    with pytest.raises(EntraOAuthError):
        check(world, "no.token.at")
    assert replace(brought(None), id_token="x").id_token == "x"


# ---- a refresh: no request for keys, unless those at hand lack one ----------------------


def refreshed(world: World, store: KeyStore, *, aside: bool = True) -> TokenResponse:
    channels = world.channels if aside else replace(world.channels, aside=None)
    return refresh(person(), canaries.REFRESH_TOKEN, channels, keys=store)


def keys_of_a_sign_in() -> KeyStore:
    store = KeyStore()
    check(World([tokens()], keys=id_token_key.keys_answer()), id_token(), store)
    return store


@pytest.mark.parametrize("aside", [True, False])
def test_a_refresh_checks_the_signature_by_keys_that_are_at_hand(aside: bool) -> None:
    store = keys_of_a_sign_in()
    world = World([tokens(id_token=id_token())], keys=id_token_key.keys_answer())
    assert refreshed(world, store, aside=aside).identity
    assert (len(world.requests), world.key_requests) == (1, [])
    head, body, _ = id_token().split(".")
    forged = World([tokens(id_token=f"{head}.{body}.{id_token(sub='x').split('.')[2]}")])
    with canaries.refused(IdTokenRefused) as caught:
        refreshed(forged, store, aside=aside)
    assert "Its signature is wrong" in caught.value.what
    assert canaries.found_in(caught.value, [canaries.REFRESH_TOKEN]) == []


def test_a_refresh_fetches_no_keys_where_none_are_at_hand() -> None:
    world = World([tokens(id_token=id_token())], keys=id_token_key.keys_answer())
    answer = refreshed(world, KeyStore())
    assert (answer.warnings, world.key_requests) == ((), [])


def test_a_refresh_asks_again_for_a_key_that_is_new() -> None:
    store = keys_of_a_sign_in()
    renewed = World(
        [tokens(id_token=id_token(by="other", iat=int(NOW)))],
        keys=json_reply(id_token_key.jwks(id_token_key.KID, "other")),
        now=NOW + REFETCH_S,
    )
    assert refreshed(renewed, store).identity
    assert len(renewed.key_requests) == 1


def test_a_sign_in_that_is_over_imports_nothing_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[SigningKeys] = []
    monkeypatch.setattr(signing_keys, "make_ready", imported.append)
    world = World([tokens()], keys=id_token_key.keys_answer())
    with SignatureCheck.begin(AUTHORITY, world.channels, KeyStore(), wanted=False) as begun:
        pass
    begun._fetch_and_tell(FakeBack(lambda request: id_token_key.keys_answer()))
    assert imported == []


def test_an_import_that_has_begun_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python would stop the thread inside foreign code, which aborts the process."""
    begun, may_end = threading.Event(), threading.Event()

    def slow(keys: SigningKeys) -> None:
        begun.set()
        assert may_end.wait(20)

    monkeypatch.setattr(signing_keys, "make_ready", slow)
    world = World([tokens()], keys=id_token_key.keys_answer())
    begun_check = SignatureCheck.begin(AUTHORITY, world.channels, KeyStore(), wanted=False)
    back = FakeBack(lambda request: id_token_key.keys_answer())
    importing = threading.Thread(target=begun_check._fetch_and_tell, args=(back,))
    leaving = threading.Thread(target=begun_check.__exit__)
    importing.start()
    assert begun.wait(20)
    leaving.start()
    leaving.join(0.1)
    waited = leaving.is_alive()
    may_end.set()
    importing.join(20)
    leaving.join(20)
    assert waited
    assert not leaving.is_alive()


def test_without_the_library_nobody_is_asked_and_nothing_is_left_unchecked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(under_test, "is_installed", lambda name: False)
    world = World([tokens()], keys=json_reply({}))
    with pytest.raises(LocalError, match="cryptography is missing") as raised:
        SignatureCheck.begin(AUTHORITY, world.channels, KeyStore())
    assert (raised.value.exit_code, world.key_requests) == (8, [])
    unchecked = SignatureCheck.begin(AUTHORITY, world.channels, KeyStore(), wanted=False)
    assert unchecked.aside is None
