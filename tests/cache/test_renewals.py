"""Renewals: what is asked for beside the scopes, and what follows of each answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.cache.account import App
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.lock import Lock
from entra_oauth.errors import AuthorityError, IdTokenRefused, SignInRequired
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.glossary.aadsts import judge
from entra_oauth.protocol.id_token import IdToken
from kit import canaries
from kit.stores import APP, SCOPE, USER, Authority, account, fill, source, token, with_identity

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


def refusal(error: str, *codes: int, suberror: str | None = None) -> AuthorityError:
    judged = judge(error, codes, suberror, grant_type="refresh_token")
    return AuthorityError(
        "No.",
        advice=judged.advice,
        stage="token",
        error=error,
        error_codes=codes,
        suberror=suberror,
        cause=judged.cause,
        helps=judged.helps,
    )


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
    assert authority.asked == []


def test_the_scopes_that_were_granted_are_kept(store: FileStore) -> None:
    for granted in (SCOPE, None):
        given = replace(token(), granted=granted)
        store.save_token(APP, USER, "one", given)
        store.save(APP, account(), "two", given, signed_in=False)
        assert store.access_token(APP, USER, "one") == given
        assert store.access_token(APP, USER, "two") == given
