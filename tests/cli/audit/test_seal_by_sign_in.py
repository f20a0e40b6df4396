"""audit seal --by-sign-in and audit verify --keys, as people run them."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.protocol.messages import HttpRequest
from entra_oauth.recording.sign_in_seal.seal_file import read_seal, seal_name, stamp_name
from entra_oauth.recording.sign_in_seal.sealed_manifest import nonce_of
from kit import canaries, needs
from kit import recordings as kit
from kit.command_line import Ran, Running, at, call, error_of, free_port, words
from kit.practice import ALICE, PASSWORD
from kit.processes.gone_reader import call_unread
from kit.project import pages
from kit.servers.raw_server import Peer, RawServer, answer, saying

SEAL = seal_name(1)


@dataclass
class Somebody:
    """Signs in with a browser that is a program, or closes its page."""

    cancels: bool = False
    urls: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    folder: Path | None = None
    """A recording that is changed when the sign-in begins."""
    _threads: list[threading.Thread] = field(default_factory=list)

    def launch(self, url: str, *args: object, **more: object) -> bool:
        self.urls.append(url)
        if self.folder is not None:
            (self.folder / "SHA256SUMS.sig").write_bytes(b"put here meanwhile")
        thread = threading.Thread(target=self._visit, args=(url,), daemon=True)
        thread.start()
        self._threads.append(thread)
        return True

    def _visit(self, url: str) -> None:
        browser = PracticeBrowser(http_send, ALICE, PASSWORD, cancels=self.cancels)
        self.pages.append(words(browser.open(url).text.encode()))

    def last_page(self) -> str:
        for thread in self._threads:
            thread.join(60)
        return self.pages[-1]


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> Somebody:
    somebody = Somebody()
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", somebody.launch)
    return somebody


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    with serve(PracticeTenant(), tls=False) as hosted:
        yield hosted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return kit.written(tmp_path / "rec")


def seal(folder: Path, base_url: str, *more: str) -> Ran:
    options = (*at(base_url), "--browser", "x", *more)
    return call("audit", "seal", str(folder), "--by-sign-in", *options)


def keys_of(hosted: Hosted, path: Path) -> str:
    url = f"{hosted.base_url}/common/discovery/v2.0/keys"
    path.write_bytes(http_send(HttpRequest(method="GET", url=url)).body)
    return str(path)


def verify(folder: Path, *more: str) -> Ran:
    return call("audit", "verify", str(folder), *more)


def test_a_seal_is_made_and_verified_on_the_practice_tenant(
    folder: Path, hosted: Hosted, somebody: Somebody, tmp_path: Path
) -> None:
    digest = hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    ran = seal(folder, hosted.base_url)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("PRACTICE SEAL, which proves nothing. Sealed ")
    assert ALICE in ran.out
    assert digest in somebody.last_page()
    assert "--keys keys.json --practice\n" in ran.err, "the line that is told passes"
    keys = keys_of(hosted, tmp_path / "keys.json")
    good = verify(folder, "--keys", keys, "--for-client", canaries.CLIENT_ID, "--practice")
    assert good.code == 0, good.both
    assert "PRACTICE SEAL" in good.out
    assert ALICE in good.out
    assert "Not proven: that what is in the recording is true" in good.out
    assert digest in good.out


def test_what_is_asked_for_is_said_and_shown_before_anybody_signs_in(
    folder: Path, hosted: Hosted, somebody: Somebody
) -> None:
    manifest = (folder / "SHA256SUMS").read_bytes()
    ran = seal(folder, hosted.base_url)
    (url,) = somebody.urls
    before = ran.err.partition(url)[0]
    assert hashlib.sha256(manifest).hexdigest() in before
    assert "name, user name" in before.replace("\n", " ")
    assert SEAL in before
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    made = read_seal(SEAL, (folder / SEAL).read_bytes())
    assert asked["prompt"] == "select_account"
    assert asked["scope"] == "openid profile"
    assert asked["nonce"] == nonce_of(manifest, bytes.fromhex(made.salt))
    assert asked["code_challenge_method"] == "S256"
    somebody.last_page()


def test_it_is_its_owners_alone_and_no_export_holds_its_id_token(
    folder: Path, hosted: Hosted, somebody: Somebody
) -> None:
    seal(folder, hosted.base_url)
    somebody.last_page()
    path = folder / SEAL
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = json.loads(path.read_bytes())["id_token"]
    pieces = [piece for piece in token.split(".") if len(piece) > 40]
    for form in ("har", "curl", "http", "mermaid", "markdown", "html"):
        ran = call("audit", "export", str(folder), "--as", form)
        assert ran.code == 0, ran.err
        assert [piece for piece in pieces if piece in ran.both] == []
    shown = call("audit", "show", str(folder))
    assert "Sealed by sign-in" in shown.both
    assert [piece for piece in pieces if piece in shown.both] == []
    assert call("status", "--json").out.count(ALICE) == 0, "nothing of it is kept"


def test_without_keys_of_ones_own_it_is_consistent_and_ends_with_nine(
    folder: Path, hosted: Hosted, somebody: Somebody
) -> None:
    seal(folder, hosted.base_url)
    somebody.last_page()
    for more in ((), ("--practice",)):
        ran = verify(folder, *more)
        assert ran.code == 9
        assert "consistent, not proven: the keys came with the seal" in ran.out
        assert call_unread("audit", "verify", str(folder), *more).code == 9
    found = json.loads(verify(folder, "--json").out)
    (told,) = found["sign_in_seals"]
    assert (told["proven"], told["practice"], told["time_stamp"]) == (False, True, None)
    assert (found["unchanged"], found["sealed"]) == (True, False)


def test_a_practice_seal_is_not_taken_for_a_real_one_by_its_exit_code(
    folder: Path, hosted: Hosted, somebody: Somebody, tmp_path: Path
) -> None:
    seal(folder, hosted.base_url)
    somebody.last_page()
    ran = verify(folder, "--keys", keys_of(hosted, tmp_path / "keys.json"))
    assert (ran.code, "PRACTICE SEAL" in ran.out) == (9, True)


def test_a_second_seal_is_chained_to_the_first(
    folder: Path, hosted: Hosted, somebody: Somebody, tmp_path: Path
) -> None:
    assert seal(folder, hosted.base_url).code == 0
    assert seal(folder, hosted.base_url).code == 0
    somebody.last_page()
    keys = keys_of(hosted, tmp_path / "keys.json")
    good = verify(folder, "--keys", keys, "--practice")
    assert good.code == 0
    assert seal_name(2) in good.out
    (folder / SEAL).unlink()
    ran = verify(folder, "--keys", keys, "--practice")
    assert ran.code == 5
    assert "refused (cut chain)" in error_of(ran)[0]


def test_a_practice_seal_that_was_made_to_say_entra_is_refused(
    folder: Path, somebody: Somebody
) -> None:
    with serve(PracticeTenant(), tls=False) as hosted:
        seal(folder, hosted.base_url)
        somebody.last_page()
    members = json.loads((folder / SEAL).read_bytes())
    members.pop("sha256")
    members["practice"] = False
    text = json.dumps(members, indent=1).encode() + b"\n"
    members["sha256"] = hashlib.sha256(text).hexdigest()
    (folder / SEAL).write_bytes(json.dumps(members, indent=1).encode() + b"\n")
    ran = verify(folder)
    assert ran.code == 5
    assert "refused (practice passed off as Entra)" in error_of(ran)[0]


# ---- what goes wrong --------------------------------------------------------------------


def _seals(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if "sign-in" in path.name]


def test_a_sign_in_that_is_given_up_leaves_no_seal(
    folder: Path, hosted: Hosted, somebody: Somebody
) -> None:
    somebody.cancels = True
    ran = seal(folder, hosted.base_url)
    assert ran.code == 3
    error_of(ran)
    somebody.last_page()
    assert _seals(folder) == []


def test_without_the_authoritys_keys_nobody_is_asked_to_sign_in(
    folder: Path, somebody: Somebody
) -> None:
    with RawServer(saying(answer(b"<html>"))) as server:
        ran = seal(folder, server.url)
    assert (ran.code, somebody.urls, _seals(folder)) == (6, [], [])


def test_a_recording_that_is_changed_meanwhile_is_not_sealed(
    folder: Path, hosted: Hosted, somebody: Somebody
) -> None:
    somebody.folder = folder
    ran = seal(folder, hosted.base_url)
    somebody.last_page()
    assert ran.code == 5
    assert "was changed while you signed in" in error_of(ran)[0]
    assert _seals(folder) == []


def test_a_recording_that_was_changed_is_not_sealed(folder: Path, somebody: Somebody) -> None:
    (folder / "VERIFY.txt").write_text("trust me")
    ran = seal(folder, "http://localhost:9")
    assert (ran.code, somebody.urls) == (5, [])


REFUSED: dict[str, tuple[list[str], int, str]] = {
    "two seals at once": (["seal", "REC", "--by-sign-in", "--key", "k"], 2, "are two seals"),
    "no tenant": (["seal", "REC", "--by-sign-in"], 2, "No tenant was given"),
    "keys and no seal": (["verify", "REC", "--keys", "KEYS"], 5, "not sealed by a sign-in"),
    "practice and no seal": (["verify", "REC", "--practice"], 5, "not sealed by a sign-in"),
    "keys that are none": (["verify", "REC", "--keys", "OTHER"], 2, "is no document of keys"),
    "no keys there": (["verify", "REC", "--keys", "NOWHERE"], 8, "cannot be read"),
    "tenant by its domain": (["verify", "REC", "--for-tenant", "a.example"], 2, "is not a GUID"),
    "stamp and no seal": (["verify", "REC", "--stamp-ca", "KEYS"], 5, "not sealed by a sign-in"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_one_clear_message(name: str, folder: Path, tmp_path: Path) -> None:
    line, code, said = REFUSED[name]
    (tmp_path / "keys.json").write_text('{"keys": [{"kty":"RSA","kid":"a","n":"AA","e":"AQAB"}]}')
    (tmp_path / "other").write_bytes(b'{"keys": "\x1b[31m"}')
    places = {
        "REC": folder,
        "KEYS": tmp_path / "keys.json",
        "OTHER": tmp_path / "other",
        "NOWHERE": tmp_path / "nowhere",
    }
    ran = call("audit", *(str(places.get(word, word)) for word in line))
    assert ran.code == code
    assert said in error_of(ran)[0]


# ---- the page, and time stamps ------------------------------------------------------------

PAGE = pages.commands(pages.page("docs/sealing.md"))

_TSA = """\
[tsa]
serial = ./serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True)
class StampAuthority:
    """A time-stamping authority in a folder, made of `openssl` alone."""

    folder: Path

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, check=True)

    def made(self) -> StampAuthority:
        self.folder.mkdir()
        (self.folder / "tsa.cnf").write_text(_TSA)
        (self.folder / "serial").write_text("01\n")
        self.openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem"),
            *("-out", "tsa.pem", "-subj", "/CN=stamps", "-days", "2"),
            *("-addext", "extendedKeyUsage=critical,timeStamping"),
        )
        return self

    def stamp(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        self.openssl(
            *("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "query"),
            *("-signer", "tsa.pem", "-inkey", "key.pem", "-out", "reply"),
        )
        return (self.folder / "reply").read_bytes()

    def stamp_of(self, path: Path) -> bytes:
        self.openssl(*("ts", "-query", "-data", str(path), "-sha256", "-cert", "-out", "query.tsq"))
        return self.stamp((self.folder / "query.tsq").read_bytes())

    def play(self, peer: Peer) -> None:
        while message := peer.request():
            body = message.partition(b"\r\n\r\n")[2]
            peer.send(answer(self.stamp(body)))


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> StampAuthority:
    return StampAuthority(tmp_path_factory.mktemp("tsa") / "stamps").made()


@needs.curl
@needs.program("openssl")
def test_the_commands_of_the_page_run(
    tmp_path: Path, somebody: Somebody, stamps: StampAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(stamps.folder / "tsa.pem", tmp_path / "tsa.pem")
    port = free_port()
    with (
        Running(*shlex.split(PAGE[0])[1:3], "--port", port) as tenant,
        RawServer(stamps.play) as tsa,
    ):
        tenant.wait_for("http://localhost:")
        ended = []
        for command in PAGE[1:]:
            line = command.replace("8400", port).replace("ADDRESS", tsa.url)
            program, *arguments = shlex.split(line)
            if program == "entra-oauth":
                if arguments[0] == "login" or arguments[1] == "seal":
                    arguments += ["--browser", "x"]
                ran = call(*arguments)
                ended.append((arguments[:2], ran.code))
                assert ran.code == 0, ran.both
            else:
                done = subprocess.run([program, *arguments], capture_output=True, check=False)
                assert done.returncode == 0, done.stderr
        somebody.last_page()
    assert len(ended) == 4
    assert re.search(r"Time stamp: [A-Z][a-z]{2} [ \d]\d ", ran.out)


@pytest.fixture
def sealed(folder: Path, hosted: Hosted, somebody: Somebody) -> Path:
    assert seal(folder, hosted.base_url).code == 0
    somebody.last_page()
    return folder


@needs.program("openssl")
def test_a_time_stamp_is_checked_by_openssl(sealed: Path, stamps: StampAuthority) -> None:
    (sealed / stamp_name(SEAL)).write_bytes(stamps.stamp_of(sealed / SEAL))
    alone = verify(sealed)
    assert "was not checked: give --stamp-ca" in alone.out
    ran = verify(sealed, "--stamp-ca", str(stamps.folder / "tsa.pem"))
    assert re.search(r"Time stamp: \w{3} [ \d]\d [\d:]{8} \d{4} GMT, by the authority", ran.out)


STAMPS = ("of another file", "of another authority", "cut", "empty", "one bit", "large")


@needs.program("openssl")
@pytest.mark.parametrize("what", STAMPS)
def test_a_time_stamp_that_does_not_fit_is_refused(
    what: str, sealed: Path, stamps: StampAuthority, tmp_path: Path
) -> None:
    trusted = stamps.folder / "tsa.pem"
    if what == "of another file":
        stamp = stamps.stamp_of(sealed / "SHA256SUMS")
    elif what == "of another authority":
        trusted = StampAuthority(tmp_path / "others").made().folder / "tsa.pem"
        stamp = stamps.stamp_of(sealed / SEAL)
    else:
        stamp = stamps.stamp_of(sealed / SEAL)
        middle = len(stamp) // 2
        flipped = stamp[:middle] + bytes([stamp[middle] ^ 1]) + stamp[middle + 1 :]
        stamp = {
            "cut": stamp[:200],
            "empty": b"",
            "one bit": flipped,
            "large": stamp + b"\0" * 300_000,
        }[what]
    (sealed / stamp_name(SEAL)).write_bytes(stamp)
    ran = verify(sealed, "--stamp-ca", str(trusted))
    assert ran.code == 5
    assert "The time stamp beside SHA256SUMS.sign-in-1.json is refused" in error_of(ran)[0]


def test_a_stamp_that_was_asked_for_must_be_there(sealed: Path, tmp_path: Path) -> None:
    (tmp_path / "tsa.pem").write_text("x")
    ran = verify(sealed, "--stamp-ca", str(tmp_path / "tsa.pem"))
    assert ran.code == 5
    assert "No time stamp lies beside" in error_of(ran)[0]
