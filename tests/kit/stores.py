"""A store, an app, a clock that stands still, and an authority that counts, for the tests."""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from entra_oauth.cache import private_files
from entra_oauth.cache.account import Account, App, CachedToken
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.token_source import TokenSource
from entra_oauth.errors import AuthorityError, EntraOAuthError
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.glossary.aadsts import judge
from entra_oauth.protocol.id_token import IdToken
from kit import canaries

__all__ = [
    "APP",
    "NOON",
    "SCOPE",
    "USER",
    "Authority",
    "Clock",
    "account",
    "fill",
    "keep_open_files",
    "refusal",
    "source",
    "token",
    "with_identity",
]

NOON = 1_767_268_800
CLOCK = 5_000
APP = App("https://login.microsoftonline.com", canaries.TENANT, canaries.CLIENT_ID)
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
USER = "ada@example.test"


@dataclass
class Clock:
    """Both clocks. `jump` moves the one that people can set."""

    wall: float = NOON
    steady: float = CLOCK

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def jump(self, seconds: float) -> None:
        self.wall += seconds


def token(text: str = canaries.ACCESS_TOKEN, *, life_s: int = 3600, at: int = NOON) -> CachedToken:
    return CachedToken(
        text=text, expires_on=at + life_s, arrived_at=at, arrived_on_clock=CLOCK, granted=SCOPE
    )


def account(
    name: str = USER, *, refresh_token: str | None = canaries.REFRESH_TOKEN, oid: str | None = "oid"
) -> Account:
    return Account(
        name=name,
        tenant_id=canaries.TENANT,
        object_id=oid,
        signed_in_at=NOON,
        refresh_token=refresh_token,
    )


def fill(store: FileStore, *, name: str = USER, life_s: int = 3600, app: App = APP) -> None:
    """As after a sign-in."""
    store.save(app, account(name), SCOPE, token(life_s=life_s), signed_in=True)


@dataclass
class Authority:
    """Answers a refresh with token number n, and counts; or fails as it is told."""

    clock: Clock = field(default_factory=Clock)
    fails: EntraOAuthError | None = None
    life_s: int | None = 3600
    rotates: bool = True
    before: Callable[[], None] = lambda: None
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def __call__(
        self, refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
    ) -> TokenResponse:
        self.asked.append((refresh_token, scopes))
        self.before()
        if self.fails is not None:
            raise self.fails
        number = len(self.asked)
        return TokenResponse(
            token_type="Bearer",
            access_token=f"{canaries.ACCESS_TOKEN}{number}",
            scope=SCOPE,
            expires_in=self.life_s,
            received_at=self.clock.now(),
            refresh_token=f"{canaries.REFRESH_TOKEN}{number}" if self.rotates else refresh_token,
        )


def source(
    store: FileStore,
    authority: Authority,
    *,
    say: Callable[[str], None] = lambda line: None,
    lock_wait_s: float = 5.0,
    app: App = APP,
) -> TokenSource:
    return TokenSource(
        store=store,
        app=app,
        refresh=authority,
        sign_in_with="entra-oauth login",
        say=say,
        now=authority.clock.now,
        monotonic=authority.clock.monotonic,
        lock_wait_s=lock_wait_s,
    )


def with_identity(tokens: TokenResponse, identity: IdToken) -> TokenResponse:
    return dataclasses.replace(tokens, identity=identity)


def keep_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play Windows' rule: a file that somebody has open is neither removed nor replaced."""

    def ruled(act: Callable[..., None]) -> Callable[..., None]:
        def done(*paths: str, **options: int) -> None:
            if not options and any(map(_is_open, paths)):
                raise PermissionError(errno.EACCES, "The file is used by another process")
            act(*paths, **options)

        return done

    monkeypatch.setattr(private_files, "_POSIX", False)
    for name in ("unlink", "remove", "replace", "rmdir"):
        monkeypatch.setattr(os, name, ruled(getattr(os, name)))


def _is_open(path: str) -> bool:
    """True while this process has it open."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    for number in range(3, 256):
        with suppress(OSError):
            if os.path.samestat(os.fstat(number), status):
                return True
    return False


def refusal(error: str, *codes: int, suberror: str | None = None) -> AuthorityError:
    """What the authority says to a renewal, with the advice of its numbers."""
    judged = judge(error, codes, suberror, grant_type="refresh_token")
    return AuthorityError(
        "The authority refused the token.",
        advice=judged.advice,
        stage="token",
        error=error,
        error_codes=codes,
        suberror=suberror,
        cause=judged.cause,
        helps=judged.helps,
    )
