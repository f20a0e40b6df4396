"""A token at hand: from the store, refreshed once, or a person is needed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from entra_oauth.cache.account import scope_key
from entra_oauth.cache.file_store import FileStore, store_sign_in
from entra_oauth.cache.token_source import TokenSource
from entra_oauth.errors import (
    AuthorityError,
    ConnectFailed,
    EntraOAuthError,
    IdTokenRefused,
    LocalError,
    SignInRequired,
    UnexpectedAnswer,
)
from entra_oauth.flows.refresh_token import refresh
from entra_oauth.protocol.authority import CLOUDS
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.id_token import IdToken
from kit import canaries
from kit.canaries import TENANT
from kit.grants import World, person
from kit.stores import (
    APP,
    NOON,
    SCOPE,
    USER,
    Authority,
    account,
    fill,
    refusal,
    source,
    token,
    with_identity,
)

OID = "0a11ce00-0000-4000-8000-00000000000a"
ACCESS, REFRESH = canaries.ACCESS_TOKEN, canaries.REFRESH_TOKEN


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(str(tmp_path / "tokens"))


OFFLINE = ConnectFailed("No connection.", advice="Check the network.")


def test_a_good_token_is_given_without_a_request(store: FileStore) -> None:
    fill(store)
    authority = Authority()
    found = source(store, authority).get("databricks")
    assert (found.token.text, found.account, found.source) == (ACCESS, USER, "cache")
    assert authority.asked == []


def test_an_old_token_is_renewed_and_both_tokens_are_replaced(store: FileStore) -> None:
    fill(store)
    authority = Authority()
    authority.clock.pass_by(3400)
    found = source(store, authority).get("databricks")
    assert (found.token.text, found.source) == (f"{ACCESS}1", "refresh_token")
    assert authority.asked == [(REFRESH, ("databricks",))]
    kept = store.account(APP, USER)
    assert kept is not None
    assert kept.refresh_token == f"{REFRESH}1"
    assert kept.signed_in_at == NOON
    assert kept.object_id == "oid"
    assert source(store, authority).get("databricks").token.text == f"{ACCESS}1"
    assert len(authority.asked) == 1


@pytest.mark.parametrize(("oid", "same"), [(OID, True), (OID.upper(), True), (TENANT, False)])
def test_whose_token_a_refresh_brings_is_read_without_case(
    store: FileStore, oid: str, same: bool
) -> None:
    store.save(APP, account(oid=OID), SCOPE, token(), signed_in=True)

    class Renamed(Authority):
        def __call__(
            self, refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
        ) -> TokenResponse:
            tokens = super().__call__(refresh_token, scopes, claims=claims)
            who = IdToken(
                tenant_id=TENANT.upper(),
                object_id=oid,
                subject="s",
                username=USER,
                name=None,
                expires_at=0,
                claims={},
            )
            return with_identity(tokens, who)

    asking = source(store, Renamed())
    if same:
        assert asking.get("databricks", force=True).source == "refresh_token"
    else:
        with canaries.refused(IdTokenRefused):
            asking.get("databricks", force=True)


def test_a_person_in_other_letters_is_the_same_when_signing_in_again(store: FileStore) -> None:
    for oid, kept in ((OID, True), (OID.upper(), True), (TENANT, False)):
        store.save(APP, account(oid=oid), SCOPE, token(), signed_in=True)
        if oid == OID:
            store.save(APP, account(oid=oid), "other", token(), signed_in=True)
        assert (store.access_token(APP, USER, "other") is not None) is kept


def test_another_scope_is_had_with_the_same_refresh_token(store: FileStore) -> None:
    fill(store)
    authority = Authority(rotates=False)
    assert source(store, authority).get("graph").source == "refresh_token"
    assert authority.asked == [(REFRESH, ("graph",))]
    assert source(store, authority).get("databricks").token.text == ACCESS


@pytest.mark.parametrize("min_validity_s", [3599, 3601])
def test_min_validity_decides_when_a_token_is_renewed(
    store: FileStore, min_validity_s: int
) -> None:
    fill(store)
    authority = Authority()
    source(store, authority).get("databricks", min_validity_s=min_validity_s)
    assert len(authority.asked) == (min_validity_s > 3600)


def test_a_forced_refresh_does_not_look_at_the_old_token(store: FileStore) -> None:
    fill(store)
    found = source(store, Authority()).get("databricks", force=True)
    assert found.token.text == f"{ACCESS}1"


def test_nobody_has_signed_in(store: FileStore) -> None:
    with canaries.refused(SignInRequired) as caught:
        source(store, Authority()).get("databricks")
    assert "entra-oauth login" in caught.value.advice


@pytest.mark.parametrize(
    "named", [{"account": "eve@example.test"}, {"account": "ada@example.test.evil"}]
)
def test_no_account_gets_the_token_of_another(store: FileStore, named: dict[str, str]) -> None:
    fill(store)
    with canaries.refused(SignInRequired):
        source(store, Authority()).get("databricks", account=named["account"])


@pytest.mark.parametrize(
    ("error", "is_dropped"),
    [
        (refusal("invalid_grant", 700082), True),
        (refusal("invalid_grant", 50173), True),
        (refusal("invalid_grant", suberror="bad_token"), True),
        (refusal("invalid_grant", 50076, suberror="basic_action"), False),
        (refusal("invalid_grant", 65001, suberror="consent_required"), False),
        (refusal("interaction_required", 50079), False),
    ],
)
def test_a_refresh_token_is_dropped_only_when_it_is_dead(
    store: FileStore, error: AuthorityError, is_dropped: bool
) -> None:
    fill(store, life_s=1)
    authority = Authority(fails=error)
    authority.clock.pass_by(60)
    with canaries.refused(SignInRequired):
        source(store, authority).get("databricks")
    kept = store.account(APP, USER)
    assert kept is not None
    assert kept.refresh_token == (None if is_dropped else REFRESH)
    if is_dropped:  # and nobody asks with it again
        with canaries.refused(SignInRequired):
            source(store, authority).get("databricks")
        assert len(authority.asked) == 1


@pytest.mark.parametrize(
    ("number", "kind", "advice"),
    [
        (50057, AuthorityError, "Ask an administrator: the account is disabled."),
        (50105, AuthorityError, "Ask an administrator to assign you"),
        (90094, AuthorityError, "An administrator must consent"),
        (50196, AuthorityError, "Stop: the same request was sent too often."),
        (50055, SignInRequired, "The password has expired: sign in on the web and change it."),
        (530003, SignInRequired, "Sign in on a managed device"),
        (1, SignInRequired, "Sign in with entra-oauth login"),
    ],
)
def test_a_refused_renewal_gives_the_advice_of_its_number(
    store: FileStore, number: int, kind: type[EntraOAuthError], advice: str
) -> None:
    fill(store, life_s=1)
    authority = Authority(fails=refusal("invalid_grant", number))
    authority.clock.pass_by(60)
    with canaries.refused(kind) as caught:
        source(store, authority).get("databricks")
    assert caught.value.advice.startswith(advice)
    assert ("entra-oauth login" in caught.value.advice) == (kind is SignInRequired)
    assert "code" not in caught.value.advice.replace("device code", "")


def test_a_renewal_that_is_refused_for_now_leaves_the_old_token_in_use(store: FileStore) -> None:
    fill(store)
    authority = Authority(fails=refusal("invalid_grant", 50196))
    authority.clock.pass_by(3400)
    assert source(store, authority).get("databricks").token.text == ACCESS


def test_a_token_of_unknown_life_is_not_renewed_at_each_call(store: FileStore) -> None:
    fill(store, life_s=1)
    authority = Authority(life_s=None)
    authority.clock.pass_by(60)
    for _ in range(3):
        assert source(store, authority).get("databricks").token.text == f"{ACCESS}1"


@pytest.mark.parametrize(
    "error",
    [OFFLINE, UnexpectedAnswer("HTML.", advice="Wait."), refusal("temporarily_unavailable")],
)
def test_a_failed_refresh_loses_nothing_and_the_old_token_serves_while_it_lasts(
    store: FileStore, error: ConnectFailed | UnexpectedAnswer | AuthorityError
) -> None:
    fill(store)
    said: list[str] = []
    authority = Authority(fails=error)
    authority.clock.pass_by(3400)
    assert source(store, authority, say=said.append).get("databricks").token.text == ACCESS
    assert "could not be renewed" in said[0]
    authority.clock.pass_by(300)
    with canaries.refused(type(error)):
        source(store, authority).get("databricks")
    kept = store.account(APP, USER)
    assert kept is not None
    assert kept.refresh_token == REFRESH


def test_no_frame_that_a_failed_renewal_leaves_behind_holds_a_token(store: FileStore) -> None:
    fill(store, life_s=1)

    class Waits:
        """With a frame that holds the refresh token, as that of the real one does."""

        def __call__(
            self, refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
        ) -> TokenResponse:
            return refresh(person(), refresh_token, World([OFFLINE]).channels)

    clock = Authority().clock
    clock.pass_by(60)
    tokens = TokenSource(
        store=store, app=APP, refresh=Waits(), now=clock.now, monotonic=clock.monotonic
    )
    with canaries.refused(ConnectFailed) as caught:
        tokens.get("databricks")
    canaries.assert_in_no_frame(caught.value, REFRESH, ACCESS)


def test_a_new_token_that_is_short_lived_is_not_asked_for_twice(store: FileStore) -> None:
    fill(store)
    authority = Authority(life_s=60)
    authority.clock.pass_by(3400)
    assert source(store, authority).get("databricks").token.text == f"{ACCESS}1"


def test_twenty_threads_make_one_request(store: FileStore) -> None:
    fill(store)
    inside = threading.Event()
    authority = Authority(before=lambda: (inside.wait(0.2), None)[1])
    authority.clock.pass_by(3400)
    tokens = source(store, authority)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(tokens.get("databricks").token.text))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [f"{ACCESS}1"] * 20
    assert len(authority.asked) == 1


def test_a_holder_that_does_not_finish_is_not_waited_for_without_end(store: FileStore) -> None:
    fill(store)
    authority = Authority()
    authority.clock.pass_by(3400)
    said: list[str] = []
    with store.lock(APP, USER) as held:
        assert held.take(1)
        tokens = source(store, authority, say=said.append, lock_wait_s=0.05)
        assert tokens.get("databricks").token.text == ACCESS  # 200 s are left of it
        authority.clock.pass_by(300)
        with canaries.refused(LocalError):
            tokens.get("databricks")
    assert authority.asked == []
    assert "does not finish" in said[0]


def test_whoever_signs_in_anew_replaces_the_person_of_the_same_name(store: FileStore) -> None:
    fill(store)
    store.save(APP, account(oid="another"), "graph", token("eyOther"), signed_in=True)
    assert store.access_token(APP, USER, SCOPE) is None


def test_a_sign_in_is_kept_for_who_it_was_or_for_the_name_given(store: FileStore) -> None:
    tokens = TokenResponse(
        token_type="Bearer", access_token=ACCESS, scope=None, expires_in=None, received_at=NOON
    )
    kept = store_sign_in(store, APP, tokens, ("databricks",), otherwise="the-app")
    assert kept.name == "the-app"
    assert store.default_account(APP) == "the-app"
    found = store.access_token(APP, "the-app", SCOPE)
    assert found is not None
    assert found.expires_on == NOON + 600


def test_forgetting_one_leaves_the_others(store: FileStore) -> None:
    fill(store)
    fill(store, name="bob@example.test")
    assert store.forget(APP, "BOB@example.test")
    assert not store.forget(APP, "bob@example.test")
    assert store.default_account(APP) is None
    assert [each.name for _, each in store.accounts()] == [USER]
    assert store.forget_all() == 1
    assert store.accounts() == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("databricks",), (SCOPE,)),
        (("databricks", "openid", "offline_access"), ("databricks",)),
        (("api://x/b", "api://x/a"), ("api://x/a api://x/b",)),
    ],
)
def test_scopes_that_mean_one_token_have_one_key(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    assert scope_key(one, APP.base) == scope_key(other, APP.base)


def test_a_short_name_has_the_key_of_what_it_means_in_that_cloud() -> None:
    base = f"https://{CLOUDS['usgov'].host}"
    spelled_out = ("https://management.usgovcloudapi.net/.default",)
    assert scope_key(("arm",), base) == scope_key(spelled_out, base)
    assert scope_key(("arm",), APP.base) != scope_key(spelled_out, base)


def test_the_tokens_of_an_app_are_told_from_those_of_a_person(store: FileStore) -> None:
    person = source(store, Authority())
    assert not person.is_app

    def ask(scopes: tuple[str, ...], /, *, claims: str | None) -> TokenResponse:
        raise AssertionError

    assert TokenSource(store=store, app=APP, refresh=Authority(), as_app=ask).is_app


def test_of_a_person_whose_id_is_not_known_a_refresh_may_bring_it(store: FileStore) -> None:
    store.save(APP, account(oid=None), SCOPE, token(), signed_in=True)

    class Known(Authority):
        def __call__(
            self, refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
        ) -> TokenResponse:
            tokens = super().__call__(refresh_token, scopes, claims=claims)
            who = IdToken(
                tenant_id=TENANT,
                object_id=OID,
                subject="s",
                username=USER,
                name=None,
                expires_at=0,
                claims={},
            )
            return with_identity(tokens, who)

    assert source(store, Known()).get("databricks", force=True).source == "refresh_token"
    kept = store.account(APP, USER)
    assert kept is not None
    assert kept.object_id == OID


def test_the_vault_is_asked_once_for_a_renewal_and_never_for_a_token_at_hand(
    tmp_path: Path,
) -> None:
    asked: list[str] = []

    class Vault:
        def get(self, key: str) -> str | None:
            asked.append(key)
            return REFRESH

        def put(self, key: str, secret: str) -> None: ...

        def drop(self, key: str) -> None: ...

    store = FileStore(str(tmp_path / "tokens"), vault=Vault())
    fill(store)
    authority = Authority()
    asked.clear()
    source(store, authority).get("databricks")
    assert asked == []
    authority.clock.pass_by(3400)
    source(store, authority).get("databricks")
    assert len(asked) == 1
