"""Renewals: what is asked for beside the scopes, and what follows of each answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from entra_oauth.cache.file_store import FileStore
from entra_oauth.errors import AuthorityError, SignInRequired
from entra_oauth.protocol.glossary.aadsts import judge
from kit import canaries
from kit.stores import APP, USER, Authority, fill, source

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
