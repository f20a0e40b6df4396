"""Renewals: what is asked for beside the scopes, and what follows of each answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.cache.account import APP_ONLY, App
from entra_oauth.cache.app_asker import asker_by_sign_in
from entra_oauth.cache.file_store import FileStore, store_sign_in
from entra_oauth.cache.lock import Lock
from entra_oauth.cache.token_source import TokenSource
from entra_oauth.errors import (
    AuthorityError,
    EntraOAuthError,
    IdTokenRefused,
    LocalError,
    SignInRequired,
)
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.id_token import IdToken
from kit import canaries
from kit.stores import (
    APP,
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
CP1 = '{"access_token":{"xms_cc":{"values":["CP1"]}}}'
OTHER = '{"access_token":{"nbf":{"essential":true}}}'


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(str(tmp_path / "tokens"))


@pytest.mark.parametrize(
    ("asked", "given_to", "given"),
    [
        ({"claims": CP1}, {}, ACCESS),
        ({"claims": CP1}, {"cae": True}, f"{ACCESS}1"),
        ({"cae": True}, {}, ACCESS),
        ({"cae": True}, {"cae": True}, f"{ACCESS}1"),
        ({"claims": OTHER}, {}, f"{ACCESS}1"),
        ({"claims": OTHER, "cae": True}, {}, ACCESS),
        ({"force": True}, {}, f"{ACCESS}1"),
    ],
)
def test_a_token_for_whoever_can_handle_a_challenge_is_kept_apart(
    store: FileStore, asked: dict[str, str | bool], given_to: dict[str, bool], given: str
) -> None:
    fill(store)
    tokens = source(store, Authority())
    claims = asked.get("claims")
    tokens.get(
        "databricks",
        claims=claims if isinstance(claims, str) else None,
        cae=bool(asked.get("cae")),
        force=bool(asked.get("force")),
    )
    assert tokens.get("databricks", cae=bool(given_to.get("cae"))).token.text == given


@pytest.mark.parametrize(
    ("error", "is_dead", "needs_person"),
    [
        (refusal("invalid_grant", 50057), False, False),
        (refusal("invalid_grant", 50057, 700082), True, True),
        (refusal("invalid_grant", 50057, suberror="token_expired"), True, True),
        (refusal("invalid_client", 700082), False, False),
        (refusal("server_error"), False, False),
    ],
)
def test_a_dead_refresh_token_needs_a_person_whatever_else_is_said(
    store: FileStore, error: AuthorityError, is_dead: bool, needs_person: bool
) -> None:
    fill(store, life_s=1)
    authority = Authority(fails=error)
    authority.clock.pass_by(60)
    with canaries.refused(SignInRequired if needs_person else AuthorityError):
        source(store, authority).get("databricks")
    kept = store.account(APP, USER)
    assert kept is not None
    assert kept.refresh_token == (None if is_dead else REFRESH)


class WithIdentity(Authority):
    """Its answers say who it is."""

    def __call__(
        self, refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
    ) -> TokenResponse:
        tokens = super().__call__(refresh_token, scopes, claims=claims)
        who = IdToken(
            tenant_id=canaries.TENANT,
            object_id=OID,
            subject="s",
            username=USER,
            name=None,
            expires_at=0,
            claims={},
        )
        return with_identity(tokens, who)


@pytest.mark.parametrize(
    ("tenant_id", "object_id", "good"),
    [
        (canaries.TENANT, OID, True),
        (None, OID, True),
        (canaries.TENANT, None, True),
        (None, None, True),
        (None, "another", True),
        (canaries.TENANT, "another", False),
        ("another", OID, False),
    ],
)
def test_a_renewal_may_say_more_of_a_person_and_nothing_else(
    store: FileStore, tenant_id: str | None, object_id: str | None, good: bool
) -> None:
    who = replace(account(), tenant_id=tenant_id, object_id=object_id)
    store.save(APP, who, SCOPE, token(), signed_in=True)
    tokens = source(store, WithIdentity())
    if good:
        assert tokens.get("databricks", force=True).token.text == f"{ACCESS}1"
    else:
        with canaries.refused(IdTokenRefused):
            tokens.get("databricks", force=True)
    kept = store.account(APP, USER)
    assert kept is not None
    told = (canaries.TENANT, OID) if good else (tenant_id, object_id)
    assert (kept.tenant_id, kept.object_id) == told
    assert kept.refresh_token == (f"{REFRESH}1" if good else REFRESH)


@pytest.mark.parametrize(
    ("left", "said"), [(False, "has not signed in"), (True, "no refresh token")]
)
def test_whoever_is_signed_out_while_the_lock_is_waited_for_has_to_sign_in(
    tmp_path: Path, left: bool, said: str
) -> None:
    class Forgets(FileStore):
        def lock(self, app: App, name: str, *, of: str = "lock") -> Lock:
            if left:
                self.drop_refresh_token(app, name)
            else:
                Path(self._record_file(app, name)).unlink()
            return super().lock(app, name, of=of)

    store = Forgets(str(tmp_path / "tokens"))
    fill(store)
    authority = Authority()
    with canaries.refused(SignInRequired) as caught:
        source(store, authority).get("databricks", force=True)
    assert said in caught.value.what
    assert isinstance(caught.value, SignInRequired)
    assert not caught.value.was_refused
    assert authority.asked == []


def test_the_scopes_that_were_granted_are_kept(store: FileStore) -> None:
    for granted in (SCOPE, None):
        given = replace(token(), granted=granted)
        store.save_token(APP, USER, "one", given)
        store.save(APP, account(), "two", given, signed_in=False)
        assert store.access_token(APP, USER, "one") == given
        assert store.access_token(APP, USER, "two") == given


@pytest.mark.parametrize("error", [refusal("invalid_grant", 50105), refusal("invalid_client")])
def test_an_app_that_is_refused_uses_its_old_token_while_it_lasts(
    store: FileStore, error: AuthorityError
) -> None:
    clock = Authority().clock
    store.save(APP, account(APP_ONLY, refresh_token=None, oid=None), SCOPE, token(), signed_in=True)

    def ask(scopes: tuple[str, ...], /, *, claims: str | None) -> TokenResponse:
        raise error

    tokens = TokenSource(
        store=store,
        app=APP,
        refresh=Authority(),
        as_app=ask,
        now=clock.now,
        monotonic=clock.monotonic,
    )
    clock.pass_by(3400)
    assert tokens.get("databricks").token.text == ACCESS
    clock.pass_by(300)
    with canaries.refused(AuthorityError):
        tokens.get("databricks")


def test_a_sign_in_is_not_kept_where_another_does_not_let_go_of_the_lock(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entra_oauth.cache.file_store.LOCK_WAIT_S", 0.01)
    tokens = Authority()("refresh", (), claims=None)
    with store.lock(APP, USER) as held:
        assert held.take(0)
        with canaries.refused(LocalError) as caught:
            store_sign_in(store, APP, tokens, ("databricks",), otherwise=USER)
    assert "does not finish" in caught.value.what
    assert store.accounts() == []
    store_sign_in(store, APP, tokens, ("databricks",), otherwise=USER, cae=True)
    assert store.access_token(APP, USER, SCOPE) is None
    assert store.access_token(APP, USER, f"{SCOPE} cp1") is not None


def told(error: str, *helps: str, claims: str | None = None) -> AuthorityError:
    return AuthorityError(
        "No.", advice="Look.", stage="token", error=error, claims=claims, helps=helps
    )


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (told("invalid_grant", "administrator"), AuthorityError),
        (told("invalid_grant", "person"), SignInRequired),
        (told("invalid_grant", "retry"), None),
        (told("interaction_required", "person"), SignInRequired),
        (told("interaction_required", "administrator"), AuthorityError),
        (told("access_denied", "person", claims="{}"), SignInRequired),
        (told("access_denied", "administrator", claims="{}"), AuthorityError),
        (told("access_denied", "person"), None),
        (told("invalid_client", "administrator"), None),
    ],
)
def test_the_old_token_serves_unless_something_else_is_wanted_of_the_person_first(
    store: FileStore, error: AuthorityError, outcome: type[EntraOAuthError] | None
) -> None:
    fill(store)
    authority = Authority(fails=error)
    authority.clock.pass_by(3400)
    tokens = source(store, authority)
    if outcome is None:
        assert tokens.get("databricks").token.text == ACCESS
        return
    with canaries.refused(outcome) as caught:
        tokens.get("databricks")
    assert caught.value.what == "No."
    if isinstance(caught.value, SignInRequired):
        assert caught.value.was_refused


@pytest.mark.parametrize("as_identity", [False, True])
def test_what_an_app_gets_is_kept_and_of_an_identity_nothing_else(
    store: FileStore, as_identity: bool
) -> None:
    authority = Authority()
    asked: list[tuple[tuple[str, ...], str | None]] = []

    def ask(scopes: tuple[str, ...], /, *, claims: str | None) -> TokenResponse:
        asked.append((scopes, claims))
        return replace(authority("", scopes, claims=claims), refresh_token=None)

    def tokens() -> TokenSource:
        return TokenSource(
            store=store,
            app=APP,
            refresh=Authority(),
            as_app=ask,
            as_identity=as_identity,
            now=authority.clock.now,
            monotonic=authority.clock.monotonic,
        )

    grant = "managed_identity" if as_identity else "client_credentials"
    first, again = tokens().get("databricks", account="ada"), tokens().get("databricks")
    assert (first.token.text, first.account, first.source) == (f"{ACCESS}1", APP_ONLY, grant)
    assert (again.token, again.source) == (first.token, "cache")
    assert asked == [(("databricks",), None)]
    assert [each.name for _, each in store.accounts()] == ([] if as_identity else [APP_ONLY])
    tokens().get("databricks", claims=OTHER)
    assert asked[1:] == [(("databricks",), OTHER)]


def test_a_token_that_cannot_be_kept_is_given_all_the_same(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    said: list[str] = []

    def full(*_: object, **__: object) -> None:
        raise LocalError("The disk is full.", advice="Make room.")

    monkeypatch.setattr(store, "save", full)
    found = source(store, Authority(), say=said.append).get("databricks", force=True)
    assert (found.token.text, found.source) == (f"{ACCESS}1", "refresh_token")
    assert said == ["Note: the new token could not be kept. The disk is full."]


@pytest.mark.parametrize(
    ("kept", "named", "has_proof", "is_app", "source_", "asked"),
    [
        (USER, None, True, False, "the sign-in that is kept", 0),
        (USER, USER, True, False, "the sign-in that is kept", 0),
        (APP_ONLY, None, False, True, "the sign-in that is kept", 0),
        (None, None, True, True, "a proof in the environment", 1),
        (None, None, False, False, "nothing else", 1),
    ],
)
def test_who_asks_is_decided_by_the_sign_in_and_then_by_a_proof(
    store: FileStore,
    kept: str | None,
    named: str | None,
    has_proof: bool,
    is_app: bool,
    source_: str,
    asked: int,
) -> None:
    looks: list[bool] = []

    def look() -> bool:
        looks.append(has_proof)
        return has_proof

    if kept is not None:
        fill(store, name=kept)
    found = asker_by_sign_in(store, APP, named, has_proof=look)
    assert (found.is_app, found.source, len(looks)) == (is_app, source_, asked)
    assert found.is_by_environment is (asked == 1 and has_proof)
    notice = found.notice("the-client")
    assert (notice is not None and "the-client" in notice) is found.is_by_environment
