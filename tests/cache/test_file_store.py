"""The store of tokens: accounts side by side, the default one, and folders that cannot be."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.cache import paths, private_files
from entra_oauth.cache.account import Account, App
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.vault import Keyring
from entra_oauth.errors import LocalError
from kit import canaries, needs
from kit.stores import APP, NOON, SCOPE, USER, account, fill, token

OTHER = "bob@example.test"


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(str(tmp_path / "tokens"))


class Vault:
    """A vault that is a dictionary."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.secrets.get(key)

    def put(self, key: str, secret: str) -> None:
        self.secrets[key] = secret

    def drop(self, key: str) -> None:
        del self.secrets[key]


def test_signing_out_of_one_account_keeps_another_that_is_the_default(store: FileStore) -> None:
    fill(store)
    fill(store, name=OTHER)
    assert store.forget(APP, USER)
    assert store.default_account(APP) == OTHER
    assert store.access_token(APP, OTHER, SCOPE) is not None
    assert store.account(APP, USER) is None


def test_all_of_an_app_is_forgotten_and_told_only_where_there_was_something(
    store: FileStore,
) -> None:
    other = replace(APP, client_id=APP.client_id[::-1])
    fill(store)
    store.save_token(APP, "app-only", SCOPE, token())
    assert store.forget_app(APP)
    assert [store.access_token(APP, name, SCOPE) for name in (USER, "app-only")] == [None, None]
    assert not store.forget_app(APP)
    with store.lock(other, "nobody") as lock:  # which makes a folder and a lock, and no more
        assert lock.take(0)
    assert not store.forget_app(other)


@pytest.mark.parametrize("spelling", [OTHER, OTHER.upper()])
def test_signing_out_of_the_default_leaves_no_default_and_the_other_account(
    store: FileStore, spelling: str
) -> None:
    fill(store)
    fill(store, name=OTHER.swapcase())
    assert store.forget(APP, spelling)
    assert store.default_account(APP) is None
    assert store.access_token(APP, USER, SCOPE) is not None


def test_a_refresh_does_not_make_its_account_the_default(store: FileStore) -> None:
    fill(store)
    fill(store, name=OTHER)
    store.save(APP, account(), SCOPE, token("eyNew"), signed_in=False)
    assert store.default_account(APP) == OTHER


def test_a_name_in_other_case_finds_the_same_secret_in_the_vault(tmp_path: Path) -> None:
    vault = Vault()
    store = FileStore(str(tmp_path / "tokens"), vault=vault)
    fill(store)
    assert len(vault.secrets) == 1
    found = store.account(APP, USER.upper())
    assert found is not None
    assert found.refresh_token == canaries.REFRESH_TOKEN
    store.drop_refresh_token(APP, USER.title())
    assert vault.secrets == {}


def test_two_accounts_have_two_secrets_in_the_vault(tmp_path: Path) -> None:
    vault = Vault()
    store = FileStore(str(tmp_path / "tokens"), vault=vault)
    fill(store)
    store.save(APP, account(OTHER, refresh_token="bobs"), SCOPE, token(), signed_in=True)
    assert sorted(vault.secrets.values()) == sorted([canaries.REFRESH_TOKEN, "bobs"])
    assert store.forget(APP, OTHER)
    assert list(vault.secrets.values()) == [canaries.REFRESH_TOKEN]


@pytest.mark.parametrize("in_vault", [False, True])
def test_a_refresh_token_is_there_until_it_is_dropped(tmp_path: Path, in_vault: bool) -> None:
    store = FileStore(str(tmp_path / "tokens"), vault=Vault() if in_vault else None)
    assert store.has_refresh_token(APP, USER) is False
    fill(store)
    assert store.has_refresh_token(APP, USER) is True
    assert store.has_refresh_token(APP, OTHER) is False
    store.drop_refresh_token(APP, USER)
    assert store.has_refresh_token(APP, USER) is False


def test_dropping_the_refresh_token_of_nobody_writes_nothing(store: FileStore) -> None:
    store.drop_refresh_token(APP, USER)
    assert not os.path.exists(store.folder)
    assert store.forget(APP, USER) is False


def test_a_vault_is_opened_only_for_an_account_whose_secret_is_there(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Keyring, "open", lambda: pytest.fail("the vault was opened"))
    fill(store)
    assert store.account(APP, USER) is not None
    store.save(APP, account(refresh_token="new"), SCOPE, token(), signed_in=False)
    assert store.forget(APP, USER)


def record_file(store: FileStore, name: str = USER) -> Path:
    app = paths.app_folder(store.folder, APP.base, APP.tenant, APP.client_id)
    return Path(paths.account_folder(app, name), "account")


@pytest.mark.parametrize(
    ("member", "value", "is_good"),
    [
        *((name, None, False) for name in ("base", "tenant", "client_id", "account")),
        *((name, None, True) for name in ("tenant_id", "object_id", "refresh_token")),
        *((name, 5, False) for name in ("tenant_id", "object_id", "refresh_token", "account")),
        ("signed_in_at", "1", False),
        ("signed_in_at", 1.5, False),
        ("place", "vault", False),
        ("place", None, False),
        ("schema", "entra-oauth/account/", None),
        ("schema", "entra-oauth/account/9", None),
        ("schema", "entra-oauth/token/1", False),
        ("schema", 1, False),
    ],
)
@pytest.mark.parametrize("is_missing", [False, True])
def test_a_record_is_whole_or_of_no_use(
    tmp_path: Path, member: str, value: object, is_good: bool | None, is_missing: bool
) -> None:
    said: list[str] = []
    store = FileStore(str(tmp_path / "tokens"), say=said.append)
    fill(store)
    record = json.loads(record_file(store).read_text())
    record |= {member: value}
    if is_missing:
        del record[member]
        is_good = False
    record_file(store).write_text(json.dumps(record))
    if is_good is None:
        with canaries.refused(LocalError):
            store.account(APP, USER)
    else:
        assert (store.account(APP, USER) is not None) is is_good
    assert len(said) == (1 if is_good is False else 0)


def test_a_record_of_another_app_is_not_believed(store: FileStore) -> None:
    fill(store)
    text = record_file(store).read_text()
    for name in ("base", "tenant", "client_id"):
        record = json.loads(text)
        record_file(store).write_text(json.dumps(record | {name: "another"}))
        assert store.account(APP, USER) is None
        record_file(store).write_text(json.dumps(record | {name: record[name].upper()}))
        assert (store.account(APP, USER) is None) is (name == "base")


def test_a_refresh_keeps_what_it_does_not_bring(store: FileStore) -> None:
    fill(store)
    later = Account(name=USER, signed_in_at=NOON + 500)
    store.save(APP, later, SCOPE, token(), signed_in=False)
    kept = store.account(APP, USER)
    assert kept == account(), "tenant, person, refresh token and the time of the sign-in"
    newer = replace(later, refresh_token="new", object_id="other", tenant_id="t")
    store.save(APP, newer, SCOPE, token(), signed_in=False)
    assert store.account(APP, USER) == replace(newer, signed_in_at=NOON)


def test_a_new_sign_in_takes_nothing_from_the_one_before(store: FileStore) -> None:
    fill(store)
    alone = Account(name=USER, object_id="oid", signed_in_at=NOON + 500)
    store.save(APP, alone, SCOPE, token(), signed_in=True)
    assert store.account(APP, USER) == alone


@pytest.mark.parametrize(("person", "is_kept"), [("oid", True), ("another", False), (None, False)])
def test_another_person_of_the_same_name_gets_no_token_of_the_first(
    store: FileStore, person: str | None, is_kept: bool
) -> None:
    fill(store)
    store.save(APP, account(oid=person), "api://other/read", token("eyOther"), signed_in=True)
    assert (store.access_token(APP, USER, SCOPE) is not None) is is_kept
    found = store.access_token(APP, USER, "api://other/read")
    assert found is not None
    assert (found.text, found.granted) == ("eyOther", SCOPE)


def test_a_token_for_which_no_scopes_were_named_has_none(store: FileStore) -> None:
    store.save(APP, account(), SCOPE, replace(token(), granted=None), signed_in=True)
    found = store.access_token(APP, USER, SCOPE)
    assert found == replace(token(), granted=None)


def test_accounts_are_in_the_order_of_authority_tenant_and_name(store: FileStore) -> None:
    apps = [App(f"https://{h}.example", t, "c") for h in "ba" for t in "yx"]
    for app in apps:
        for name in ("zoe@x", "ada@x"):
            store.save(app, account(name), SCOPE, token(), signed_in=True)
    found = [(app.base[8], app.tenant, each.name[:3]) for app, each in store.accounts()]
    assert found == [(h, t, n) for h in "ab" for t in "xy" for n in ("ada", "zoe")]
    assert all(each.refresh_token is None for _, each in store.accounts())
    assert store.forget_all() == 8
    assert store.accounts() == []
    assert not os.path.exists(store.folder)


def test_forgetting_the_last_account_leaves_no_folder_of_the_app(store: FileStore) -> None:
    fill(store)
    fill(store, name=OTHER)
    app = record_file(store).parents[1]
    assert store.forget(APP, USER)
    assert app.is_dir()
    assert store.forget(APP, OTHER)
    assert not app.exists()
    assert store.forget(APP, OTHER) is False


def test_a_damaged_default_is_set_aside_and_a_later_versions_is_not(tmp_path: Path) -> None:
    said: list[str] = []
    store = FileStore(str(tmp_path / "tokens"), say=said.append)
    fill(store)
    default = record_file(store).parents[1] / "default"
    assert store.default_account(APP) == USER
    default.write_text(default.read_text().replace("line 1", "line 2"))
    with canaries.refused(LocalError) as caught:
        store.default_account(APP)
    assert "later version" in caught.value.what
    assert said == []
    default.write_text("rubbish")
    assert store.default_account(APP) == USER, "it is the only one"
    assert len(said) == 1
    assert store.default_account(APP) == USER, "and it was noted again"
    fill(store, name="bob@example.test")
    default.write_text("rubbish")
    assert store.default_account(APP) is None
    assert not default.exists()


def test_a_default_is_noted_again_only_where_nobody_else_is_at_it(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "tokens"))
    fill(store)
    default = record_file(store).parents[1] / "default"
    default.write_text("rubbish")
    with store.lock(APP, USER) as lock:
        assert lock.take(1)
        assert FileStore(store.folder).default_account(APP) == USER, "it is found all the same"
        assert not default.exists()


def test_an_account_of_a_later_version_can_be_signed_out_and_nobody_cannot(
    store: FileStore,
) -> None:
    fill(store)
    record = record_file(store)
    record.write_text(record.read_text().replace("entra-oauth/account/", "entra-oauth/account/9"))
    assert store.forget(APP, USER) is True
    assert not record.exists()
    assert store.forget(APP, USER) is False


def test_a_rest_in_the_folder_of_the_app_does_not_stop_the_signing_out(store: FileStore) -> None:
    fill(store)
    rest = record_file(store).parents[1] / "of somebody"
    rest.touch()
    assert store.forget(APP, USER)
    assert os.listdir(rest.parent) == [rest.name]


@needs.posix
def test_a_folder_that_others_may_write_to_is_tightened_by_reading(store: FileStore) -> None:
    fill(store)
    folders = [record_file(store).parents[n] for n in range(3)]
    for folder in folders:
        os.chmod(folder, 0o777)
    assert store.access_token(APP, USER, SCOPE) is not None
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 3


def test_what_a_killed_sign_in_left_is_swept_by_the_next_and_by_signing_out(
    store: FileStore,
) -> None:
    fill(store)
    left = [record_file(store).parents[n] / ".new-left" for n in range(3)]

    def leave() -> None:
        for path in left:
            path.touch()
            os.utime(path, (1, 1))

    leave()
    fill(store)
    assert [path.exists() for path in left] == [False] * 3
    leave()
    left[2].unlink()
    assert store.forget(APP, USER)
    assert os.listdir(store.folder) == []


def test_the_refresh_token_is_written_first_and_the_default_account_last(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def watching(name: str) -> None:
        write = getattr(private_files, name)

        def watched(path: str, text: str) -> None:
            written.append(f"{_kind(text)}: {name}")
            write(path, text)

        monkeypatch.setattr(private_files, name, watched)

    watching("write")
    watching("write_lightly")
    fill(store)
    assert written == ["account: write", "token: write_lightly", "line: write_lightly"]


def _kind(text: str) -> str:
    return text.split(" ")[1] if text.startswith("entra-oauth ") else "account"


# ---- folders that cannot be ---------------------------------------------------------------


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("mine")
    store = FileStore(str(tmp_path / "tokens"))
    attempts: tuple[Callable[[], object], ...] = (
        store.check,
        lambda: fill(store),
        lambda: store.lock(APP, USER),
    )
    for attempt in attempts:
        with canaries.refused(LocalError) as caught:
            attempt()
        assert "tokens" in caught.value.what
    assert (tmp_path / "tokens").read_text() == "mine"


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with canaries.refused(LocalError):
        fill(FileStore(str(tmp_path / "file" / "tokens")))


@needs.posix
def test_a_folder_that_may_not_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*arguments: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "mkdir", no)
    monkeypatch.setattr(os, "makedirs", no)
    with canaries.refused(LocalError) as caught:
        fill(FileStore(str(tmp_path / "tokens")))
    assert "Permission denied" in caught.value.what


# ---- whose a file is --------------------------------------------------------------------


FILE, FOLDER, LINK = 0o100000, 0o040000, 0o120000


@needs.posix
@pytest.mark.parametrize("kind", [FILE, FOLDER])
@pytest.mark.parametrize("made", [FILE, FOLDER, LINK, 0o010000])
@pytest.mark.parametrize("owner", ["me", "another"])
@pytest.mark.parametrize("mode", [0o600, 0o700, 0o400, 0o000, 0o640, 0o604, 0o610, 0o601, 0o620])
def test_private_is_what_is_of_that_kind_and_ours_and_closed_to_others(
    kind: int, made: int, owner: str, mode: int
) -> None:
    uid = os.geteuid() if owner == "me" else os.geteuid() + 1
    status = os.stat_result((made | mode, 1, 1, 1, uid, 0, 0, 0, 0, 0))
    wanted = kind == made and owner == "me" and not mode & 0o077
    assert paths.is_private(status, kind) is wanted


def test_elsewhere_only_the_kind_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")
    status = os.stat_result((FILE | 0o666, 1, 1, 1, 12345, 0, 0, 0, 0, 0))
    assert paths.is_private(status, FILE)
    assert not paths.is_private(status, FOLDER)
    status = os.stat_result((FILE | 0o777, 1, 1, 1, 12345, 0, 0, 0, 0, 0))
    assert paths.is_private(status, FILE)


# ---- a lock that is taken over --------------------------------------------------------------


@pytest.fixture
def lock(tmp_path: Path) -> str:
    path = tmp_path / "lock"
    path.touch(mode=0o600)
    path.chmod(0o600)
    return str(path)


@needs.posix
def test_a_free_lock_is_taken_over_once(lock: str) -> None:
    assert paths.take_over(lock) is True
    handle = paths.held(lock)
    assert handle is not None
    assert paths.take_over(lock) is False  # by another handle: it is held
    os.close(handle)
    assert paths.held(lock) is None


@needs.posix
def test_a_lock_that_others_can_open_is_free_and_is_not_taken_over(lock: str) -> None:
    os.chmod(lock, 0o644)
    assert paths.take_over(lock) is True
    assert paths.held(lock) is None


@needs.posix
def test_a_lock_of_somebody_else_is_not_taken_over(
    lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert paths.take_over(lock) is True
    assert paths.held(lock) is None


@needs.posix
def test_a_lock_whose_file_was_replaced_is_not_taken_over(
    lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "samestat", lambda one, other: False)
    assert paths.take_over(lock) is True
    assert paths.held(lock) is None


@needs.posix
def test_a_lock_that_is_not_there_or_is_a_link_is_an_error(lock: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        paths.take_over(f"{lock}-not")
    (tmp_path / "link").symlink_to(lock)
    with pytest.raises(OSError, match=r"symbolic link|Too many levels"):
        paths.take_over(str(tmp_path / "link"))


def test_only_the_access_token_that_was_refused_is_forgotten(store: FileStore) -> None:
    store.drop_access_token(APP, USER, SCOPE, "of nobody")
    fill(store)
    store.drop_access_token(APP, USER, "no/scope", "there is none")
    store.drop_access_token(APP, USER, SCOPE, "another one")
    kept = store.access_token(APP, USER, SCOPE)
    assert kept is not None
    store.drop_access_token(APP, USER, SCOPE, kept.text)
    assert store.access_token(APP, USER, SCOPE) is None
    found = store.account(APP, USER)
    assert found is not None
    assert found.refresh_token == canaries.REFRESH_TOKEN, "whoever asks next has it renewed"


def test_tokens_without_an_account_come_by_app_then_account_then_scope(store: FileStore) -> None:
    for name, scope in (("b", "x"), ("a", "y"), ("b", "w"), ("a", "z")):
        store.save_token(APP, name, scope, token(f"ey{scope}"))
    app = paths.app_folder(store.folder, APP.base, APP.tenant, APP.client_id)
    damaged = paths.line_file(paths.account_folder(app, "b"), "another")
    Path(damaged).write_bytes(b"\xff")
    fill(store, name="somebody with an account")
    found = [(name, scope) for _, name, scope, _ in store.tokens_without_account()]
    assert not os.path.exists(damaged), "it is set aside"
    assert found == [("a", "y"), ("a", "z"), ("b", "w"), ("b", "x")]


def test_the_store_of_a_person_is_in_the_folder_of_the_tokens(tmp_path: Path) -> None:
    vault, said = Vault(), list[str]()
    environ = {"ENTRA_OAUTH_CACHE_DIR": str(tmp_path / "t")}
    store = FileStore.standard(environ, vault=vault, say=said.append)
    assert store.folder == str(tmp_path / "t")
    fill(store)
    assert list(vault.secrets.values()) == [canaries.REFRESH_TOKEN]
    record_file(store).write_text("rubbish")
    assert store.account(APP, USER) is None
    assert len(said) == 1


def test_forgetting_an_app_without_a_sign_in_leaves_no_folder(store: FileStore) -> None:
    store.save_token(APP, "one", SCOPE, token())
    store.save_token(APP, "two", SCOPE, token())
    assert store.forget_app(APP)
    assert os.listdir(store.folder) == []
    assert not store.forget_app(APP)
