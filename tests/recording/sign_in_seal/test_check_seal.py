"""A seal by sign-in holds for one recording only, and each forgery is refused by its name."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from entra_oauth.errors import SecurityError, UsageError
from entra_oauth.protocol.endpoints.signing_keys import SigningKeys
from entra_oauth.recording.files import SUMS, check_sums, files_of
from entra_oauth.recording.sign_in_seal.check_seal import (
    ANYTHING,
    Wanted,
    check_seal,
    keys_in,
    merged,
)
from entra_oauth.recording.sign_in_seal.seal_file import (
    SignInSeal,
    read_seal,
    seal_name,
    written_seal,
)
from entra_oauth.recording.sign_in_seal.sealed_manifest import (
    digest_of,
    next_place,
    nonce_of,
    sealed_manifest,
)
from entra_oauth.recording.step import Evidence, Level
from kit import canaries
from kit.servers import id_token_key

Files = dict[str, bytes]

HOST = "https://login.microsoftonline.com"
LOCAL = "http://localhost:8400"
OTHER_TENANT = "00000000-1111-4222-8333-444444444444"
SALT = bytes(range(32))
NAME = seal_name(1)


def recorded(created_at: float = 1.0) -> Files:
    return files_of(Evidence(steps=(), created_at=created_at, level=Level.SECRETS))


def keys_of(*names: str, base: str = HOST, **changes: Any) -> str:
    changes = {"issuer": f"{base}/{{tenantid}}/v2.0", **changes}
    return json.dumps(id_token_key.jwks(*names, **changes))


def own(*names: str, base: str = HOST, **changes: Any) -> SigningKeys:
    """Keys that the verifier got himself."""
    return keys_in(keys_of(*names, base=base, **changes).encode())


@dataclass(frozen=True)
class Case:
    """A recording with one seal, and how to make it otherwise."""

    files: Files
    base: str = HOST

    def claims(self) -> dict[str, Any]:
        _, before = next_place(self.files)
        return {
            "iss": f"{self.base}/{canaries.TENANT}/v2.0",
            "tid": canaries.TENANT,
            "aud": canaries.CLIENT_ID,
            "iat": 1_764_000_000,
            "exp": 1_764_003_600,
            "sub": "a-subject",
            "oid": "5bf4ae9b-d1e2-4d57-a3ab-2d3b3e4b7b5b",
            "preferred_username": "ada@example.test",
            "nonce": nonce_of(sealed_manifest(self.files[SUMS], before), SALT),
        }

    def seal(
        self, *, by: str = id_token_key.KID, claims: dict[str, Any] | None = None
    ) -> SignInSeal:
        _, before = next_place(self.files)
        return SignInSeal(
            practice=False,
            authority=self.base,
            client_id=canaries.CLIENT_ID,
            recorded_at=1.0,
            manifest_sha256=digest_of(sealed_manifest(self.files[SUMS], before)),
            salt=SALT.hex(),
            before=before,
            id_token=id_token_key.signed({**self.claims(), **(claims or {})}, by=by),
            keys_url=f"{self.base}/common/discovery/v2.0/keys",
            keys=keys_of(base=self.base),
            keys_fetched_at=2.0,
            certificates=(),
            sealed_at=3.0,
        )

    def with_seal(self, seal: SignInSeal | None = None) -> Files:
        name, _ = next_place(self.files)
        return {**self.files, name: written_seal(seal or self.seal())}


CASE = Case(recorded())


def test_with_keys_of_ones_own_it_is_proven_when_and_by_which_account() -> None:
    files = CASE.with_seal()
    check_sums(files)
    found = check_seal(NAME, files, Wanted(keys=own(), client_id=canaries.CLIENT_ID.upper()))
    assert (found.proven, found.practice) == (True, False)
    assert found.issued_at == 1_764_000_000
    assert (found.username, found.tenant_id) == ("ada@example.test", canaries.TENANT)
    assert found.object_id == "5bf4ae9b-d1e2-4d57-a3ab-2d3b3e4b7b5b"
    assert found.digest == hashlib.sha256(files[SUMS]).hexdigest()


def test_with_keys_from_the_seal_alone_it_is_consistent_and_not_proven() -> None:
    assert not check_seal(NAME, CASE.with_seal(), ANYTHING).proven


def test_the_nonce_is_made_as_the_page_says() -> None:
    manifest = b"the list of hashes\n"
    inner = hashlib.sha256(manifest).digest()
    digest = hashlib.sha256(b"entra-oauth seal v1" + SALT + inner).digest()
    made = nonce_of(manifest, SALT)
    assert (len(made), urlsafe_b64decode(made + "=")) == (43, digest)


def test_a_seal_is_read_as_it_was_written() -> None:
    seal = CASE.seal()
    assert read_seal(NAME, written_seal(seal)) == seal


def test_the_name_and_the_id_token_stand_in_no_repr() -> None:
    seal = CASE.seal()
    assert seal.id_token not in repr(seal)


# ---- forgeries ------------------------------------------------------------------------


def _otherwise(**changes: Any) -> Callable[[], Files]:
    return lambda: CASE.with_seal(replace(CASE.seal(), **changes))


def _claims(**changes: Any) -> Callable[[], Files]:
    return lambda: CASE.with_seal(CASE.seal(claims=changes))


def _changed_claim() -> Files:
    head, _, signature = CASE.seal().id_token.split(".")
    body = id_token_key.signed({**CASE.claims(), "preferred_username": "eve@example.test"})
    return _otherwise(id_token=f"{head}.{body.split('.')[1]}.{signature}")()


def _changed_manifest() -> Files:
    """The recording is written again as another one of the same time, and its seal put back."""
    changed = files_of(
        Evidence(steps=(), created_at=1.0, level=Level.SECRETS, not_seen=("nothing",))
    )
    return {**changed, NAME: written_seal(CASE.seal())}


def _manifest_and_seal_changed() -> Files:
    files = {name: data for name, data in _changed_manifest().items() if name != NAME}
    digest = digest_of(files[SUMS])
    return {**files, NAME: written_seal(replace(CASE.seal(), manifest_sha256=digest))}


def _tenants_key() -> Files:
    """Published under the app's own address, and named so in the seal."""
    url = f"{HOST}/{canaries.TENANT}/discovery/keys?appid={canaries.CLIENT_ID}"
    return CASE.with_seal(replace(CASE.seal(by="theirs"), keys_url=url, keys=keys_of("theirs")))


def _packed_key() -> Files:
    return CASE.with_seal(replace(CASE.seal(by="mine"), keys=keys_of("mine")))


def _same_name() -> Files:
    """Signed by a key of one's own under the name of one of Entra's."""
    token = id_token_key.signed(CASE.claims(), by="mine", header={"kid": id_token_key.KID})
    mine = json.loads(keys_of("mine"))["keys"][0] | {"kid": id_token_key.KID}
    return _otherwise(id_token=token, keys=json.dumps({"keys": [mine]}))()


def _cut_chain() -> Files:
    files = Case({**recorded(), f"{SUMS}.sig": b"an SSH signature"}).with_seal()
    return {name: data for name, data in files.items() if name != f"{SUMS}.sig"}


def _replaced_before() -> Files:
    return {
        **Case({**recorded(), f"{SUMS}.sig": b"an SSH signature"}).with_seal(),
        f"{SUMS}.sig": b"another one",
    }


def _local(*, practice: bool, **claims: Any) -> Files:
    case = Case(recorded(), LOCAL)
    return case.with_seal(replace(case.seal(claims=claims), practice=practice))


def _practice_key_at_entra() -> Files:
    token = id_token_key.signed(CASE.claims(), by="practice-1")
    return _otherwise(id_token=token, keys=keys_of("practice-1"))()


TENANTS_OWN = own("theirs", issuer=f"{HOST}/{canaries.TENANT}/v2.0")
ITS_OWN = "tenant's own signing key"

FORGERIES: dict[str, tuple[Callable[[], Files], Wanted, str]] = {
    "other nonce": (_claims(nonce="A" * 43), Wanted(keys=own()), "other nonce"),
    "no nonce": (_claims(nonce=None), Wanted(keys=own()), "other nonce"),
    "another salt": (_otherwise(salt="0" * 64), Wanted(keys=own()), "other nonce"),
    "tenant's key in the seal": (_tenants_key, ANYTHING, ITS_OWN),
    "tenant's key in the verifier's file": (_tenants_key, Wanted(keys=TENANTS_OWN), ITS_OWN),
    "key without an issuer": (CASE.with_seal, Wanted(keys=own(issuer=None)), ITS_OWN),
    "own key packed with it": (_packed_key, Wanted(keys=own()), "own key packed with the seal"),
    "own key of Entra's name": (_same_name, Wanted(keys=own()), "changed claim"),
    "other host": (
        lambda: (c := Case(recorded(), "https://login.example.test")).with_seal(c.seal()),
        Wanted(keys=own()),
        "other host",
    ),
    "other issuer": (
        _claims(iss=f"https://sts.windows.net/{canaries.TENANT}/"),
        Wanted(keys=own()),
        "other host",
    ),
    "other cloud's issuer": (
        _claims(iss=f"https://login.microsoftonline.us/{canaries.TENANT}/v2.0"),
        Wanted(keys=own()),
        "other host",
    ),
    "issuer of another tenant": (_claims(tid=OTHER_TENANT), Wanted(keys=own()), "other host"),
    "no authority": (_otherwise(authority="ftp://x y"), Wanted(keys=own()), "other host"),
    "other client": (_claims(aud=OTHER_TENANT), Wanted(keys=own()), "other client"),
    "client that was not named": (
        CASE.with_seal,
        Wanted(keys=own(), client_id=OTHER_TENANT),
        "other client",
    ),
    "tenant that was not named": (
        CASE.with_seal,
        Wanted(keys=own(), tenant=OTHER_TENANT),
        "other tenant",
    ),
    "changed manifest": (_changed_manifest, Wanted(keys=own()), "changed manifest"),
    "manifest and seal changed": (_manifest_and_seal_changed, Wanted(keys=own()), "other nonce"),
    "changed claim": (_changed_claim, Wanted(keys=own()), "changed claim"),
    "changed claim, keys of the seal": (_changed_claim, ANYTHING, "changed claim"),
    "another recording": (
        lambda: {**recorded(5.0), NAME: written_seal(CASE.seal())},
        Wanted(keys=own()),
        "another recording",
    ),
    "practice passed off as Entra": (
        lambda: _local(practice=False),
        Wanted(keys=own(base=LOCAL)),
        "practice passed off as Entra",
    ),
    "practice behind Entra's host": (
        _practice_key_at_entra,
        ANYTHING,
        "practice passed off as Entra",
    ),
    "practice under Entra's issuer": (
        lambda: _local(practice=True, iss=f"{HOST}/{canaries.TENANT}/v2.0"),
        Wanted(keys=own()),
        "other host",
    ),
    "Entra passed off as practice": (_otherwise(practice=True), Wanted(keys=own()), "changed seal"),
    "cut chain": (_cut_chain, Wanted(keys=own()), "cut chain"),
    "another seal before": (_replaced_before, Wanted(keys=own()), "cut chain"),
    "no ID token": (_otherwise(id_token="x"), Wanted(keys=own()), "changed token"),
    "no time": (_claims(iat=None), Wanted(keys=own()), "changed token"),
    "keys that are none": (_otherwise(keys="[]"), ANYTHING, "changed seal"),
    "key that the seal lacks": (_otherwise(keys=keys_of("mine")), ANYTHING, "changed seal"),
    "other place of keys": (
        _otherwise(keys_url="https://keys.example.test/common/discovery/v2.0/keys"),
        ANYTHING,
        ITS_OWN,
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_each_forgery_is_refused_by_its_name(name: str) -> None:
    make, wanted, reason = FORGERIES[name]
    with pytest.raises(SecurityError) as refused:
        check_seal(NAME, make(), wanted)
    assert f"is refused ({reason})" in refused.value.what
    token = json.loads(CASE.with_seal()[NAME])["id_token"]
    assert token.split(".")[1] not in str(refused.value)


def test_the_alg_of_the_token_is_not_its_own_to_choose() -> None:
    token = id_token_key.signed(CASE.claims())
    none = "eyJhbGciOiJub25lIiwia2lkIjoiayJ9"
    files = _otherwise(id_token=f"{none}.{token.split('.')[1]}.")()
    with pytest.raises(SecurityError, match="changed claim"):
        check_seal(NAME, files, Wanted(keys=own()))


# ---- practice, personal accounts, several documents ---------------------------------------


def test_a_practice_seal_says_practice() -> None:
    found = check_seal(NAME, _local(practice=True), Wanted(keys=own(base=LOCAL)))
    assert (found.practice, found.proven) == (True, True)


def test_the_key_of_personal_accounts_is_a_common_one() -> None:
    personal = "9188040d-6c67-4c5b-b112-36a304b66dad"
    issuer = f"{HOST}/{personal}/v2.0"
    files = CASE.with_seal(CASE.seal(claims={"tid": personal, "iss": issuer}))
    assert check_seal(NAME, files, Wanted(keys=own(issuer=issuer))).tenant_id == personal


def test_keys_of_several_documents_count_together_and_one_in_both_is_one() -> None:
    keys = merged([own("old"), own("old", id_token_key.KID)])
    assert [key["kid"] for key in keys.keys] == ["old", id_token_key.KID]
    assert check_seal(NAME, CASE.with_seal(), Wanted(keys=keys)).proven


# ---- the chain --------------------------------------------------------------------------


def test_each_seal_follows_those_before_it() -> None:
    first = Case({**recorded(), f"{SUMS}.sig": b"an SSH signature"}).with_seal()
    second = Case(first).with_seal()
    check_sums(second)
    for number in (1, 2):
        assert check_seal(seal_name(number), second, Wanted(keys=own())).proven
    assert [each.name for each in read_seal("", second[seal_name(2)]).before] == [
        f"{SUMS}.sig",
        seal_name(1),
    ]


@pytest.mark.parametrize("how", ["first taken out", "first made again", "second renamed", "order"])
def test_a_chain_that_was_cut_or_mended_is_refused(how: str) -> None:
    first = CASE.with_seal()
    second = Case(first).with_seal()
    name = seal_name(2)
    if how == "first taken out":
        second.pop(NAME)
    elif how == "first made again":
        second[NAME] = written_seal(replace(CASE.seal(), sealed_at=9.0))
    elif how == "second renamed":
        second[NAME] = second.pop(name)
        name = NAME
    else:
        second[name] = first[NAME]
    with pytest.raises(SecurityError, match="cut chain"):
        check_seal(name, second, Wanted(keys=own()))


# ---- bad input --------------------------------------------------------------------------


def test_a_seal_that_was_changed_by_one_bit_is_refused_wherever_it_was() -> None:
    data = written_seal(CASE.seal())
    for at in range(0, len(data), 7):
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        with pytest.raises((SecurityError, UsageError)):
            read_seal(NAME, bytes(changed))


def _members(**changes: Any) -> bytes:
    """With its own hash made again."""
    members = {**json.loads(written_seal(CASE.seal())), **changes}
    members.pop("sha256")
    text = json.dumps(members, indent=1).encode() + b"\n"
    members["sha256"] = hashlib.sha256(text).hexdigest()
    return json.dumps(members, indent=1).encode() + b"\n"


def test_the_hash_made_again_is_no_obstacle_to_the_tests_below() -> None:
    assert _members() == written_seal(CASE.seal())


BAD: dict[str, tuple[bytes, type[Exception], str]] = {
    "cut": (written_seal(CASE.seal())[:400], SecurityError, "breaks off"),
    "empty": (b"", SecurityError, "breaks off"),
    "large": (b" " * (1024 * 1024 + 1), SecurityError, "larger than a seal"),
    "later": (_members(schema="entra-oauth/sign-in-seal/2"), UsageError, "later version"),
    "another form": (_members(schema="x\x1b[31m"), SecurityError, "not as it was written"),
    "a member more": (_members(more=1), SecurityError, "its own hash"),
    "a number for a text": (_members(authority=7), SecurityError, "does not have the form"),
    "no salt": (_members(salt="zz"), SecurityError, "does not have the form"),
    "chain of numbers": (_members(before=[1]), SecurityError, "does not have the form"),
    "no list": (_members(certificates=None), SecurityError, "does not have the form"),
    "trailing": (written_seal(CASE.seal()) + b"\n", SecurityError, "its own hash"),
    "infinite": (written_seal(CASE.seal()).replace(b"3.0", b"NaN"), SecurityError, "NaN"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_seal_that_is_none_is_refused_in_a_sentence(name: str) -> None:
    data, kind, said = BAD[name]
    with pytest.raises(kind) as refused:
        read_seal(f"{NAME}\x1b[31m", data)
    assert said in str(refused.value)
    assert "\x1b" not in str(refused.value)
