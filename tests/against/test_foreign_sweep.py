"""Two hundred planted secrets in the files of real programs: none is left, nor any spelling of it.

Each program sends the same twenty requests to a server on this machine, and keeps them in its own
way. What is made of its file is searched for every secret in nine spellings.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.audit import lint
from entra_oauth.audit.inputs import named
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.channels.loopback.host import LoopbackHost
from kit import needs
from kit.command_line import call, free_port
from kit.foreign.planted import COUNT, SECRETS, answer, asked
from kit.foreign.programs import CLIENTS
from kit.sweep import swept

pytestmark = [pytest.mark.against, needs.posix]

PATIENCE_S = 60.0
Recorder = Callable[[str, Path], Path]
"""Sends the requests to a server, and gives the file in the folder that it made of them."""


def _environ(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "NO_PROXY": "*"}


def _curl(base: str, folder: Path, *more: str) -> bytes:
    assert needs.CURL
    words = [needs.CURL, "-q", "-s", "-S", *more]
    for number in range(COUNT):
        each = asked(number)
        words += ["--next", "-q", "-s", *more] if number else []
        for name, value in each.headers.items():
            words += ["-H", f"{name}: {value}"]
        words += ["--data-binary", each.body, f"{base}{each.path}"]
    done = subprocess.run(
        words,
        env=_environ(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        timeout=PATIENCE_S,
        check=True,
    )
    return done.stdout


def curl_trace(base: str, folder: Path) -> Path:
    _curl(base, folder, "--trace", "trace")
    return folder / "trace"


def curl_verbose(base: str, folder: Path) -> Path:
    file = folder / "verbose"
    file.write_bytes(_curl(base, folder, "-v"))
    return file


def _by_requests(base: str) -> None:
    import requests

    with requests.Session() as session:
        session.trust_env = False
        for number in range(COUNT):
            each = asked(number)
            session.cookies.clear()
            session.post(
                f"{base}{each.path}",
                data=each.body,
                headers=each.headers,
                timeout=20,
                allow_redirects=False,
            )


def vcrpy_yaml(base: str, folder: Path) -> Path:
    return _vcrpy(base, folder / "cassette.yaml", "yaml")


def vcrpy_json(base: str, folder: Path) -> Path:
    return _vcrpy(base, folder / "cassette.json", "json")


def _vcrpy(base: str, file: Path, serializer: str) -> Path:
    import vcr  # type: ignore[import-untyped,unused-ignore]

    with vcr.VCR(serializer=serializer).use_cassette(str(file)):
        _by_requests(base)
    return file


@contextmanager
def _mitmdump(base: str, folder: Path) -> Iterator[str]:
    program = shutil.which("mitmdump")
    assert program
    port = free_port()
    words = [program, "--mode", f"reverse:{base}", "--listen-host", "127.0.0.1", "-p", str(port)]
    words += ["--set", f"confdir={folder / 'conf'}", "--set", f"hardump={folder / 'flows.har'}"]
    process = subprocess.Popen(
        [*words, "-q", "-w", str(folder / "flows.mitm")],
        stdin=subprocess.DEVNULL,
        env=_environ(folder),
    )
    try:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(port)), 1).close()
                break
            except OSError:
                assert time.monotonic() < until, "mitmproxy does not listen"
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


def mitmproxy_har(base: str, folder: Path) -> Path:
    with _mitmdump(base, folder) as proxy:
        _by_requests(proxy)
    return folder / "flows.har"


def mitmproxy_flows(base: str, folder: Path) -> Path:
    with _mitmdump(base, folder) as proxy:
        _by_requests(proxy)
    return folder / "flows.mitm"


def _by_node(script: str, base: str, folder: Path, *words: str, cookies: bool) -> None:
    """Run it with the words and a file of the requests; a browser is told its cookies apart."""
    assert needs.NODE
    requests = []
    for each in map(asked, range(COUNT)):
        headers = {n: v for n, v in each.headers.items() if cookies or n != "Cookie"}
        more = {"cookie": each.headers["Cookie"], "body": each.body}
        requests.append({"url": f"{base}{each.path}", "headers": headers, **more})
    (folder / "requests.json").write_text(json.dumps(requests), encoding="utf-8")
    subprocess.run(
        [needs.NODE, str(CLIENTS / script), str(needs.NODE_MODULES), *words]
        + [str(folder / "requests.json")],
        env=_environ(folder),
        timeout=PATIENCE_S,
        check=True,
    )


def chromium(base: str, folder: Path) -> Path:
    """A page's own scripts send them; Playwright saves what the browser did."""
    file = folder / "chromium.har"
    words = (str(needs.CHROMIUM), str(file), base)
    _by_node("fetch_all.mjs", base, folder, *words, cookies=False)
    return file


def polly(base: str, folder: Path) -> Path:
    _by_node("record_polly.mjs", base, folder, str(folder / "polly"), cookies=True)
    (file,) = (folder / "polly").rglob("*.har")
    return file


POLLY = ("core", "adapter-node-http", "persister-fs")
vcrpy = needs.python("vcr", pypi="vcrpy", group="interop")
RECORDERS: list[Any] = [
    pytest.param(curl_trace, id="curl --trace", marks=needs.curl),
    pytest.param(curl_verbose, id="curl -v", marks=needs.curl),
    pytest.param(vcrpy_yaml, id="vcrpy, YAML", marks=vcrpy),
    pytest.param(vcrpy_json, id="vcrpy, JSON", marks=vcrpy),
    pytest.param(mitmproxy_har, id="mitmproxy, HAR", marks=needs.mitmproxy),
    pytest.param(mitmproxy_flows, id="mitmproxy, flows", marks=needs.mitmproxy),
    pytest.param(
        polly, id="Polly.js", marks=[needs.node_package(f"@pollyjs/{name}") for name in POLLY]
    ),
    pytest.param(
        chromium, id="Chromium", marks=[needs.chromium, needs.node_package("playwright-core")]
    ),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with LoopbackHost(answer, address="127.0.0.1") as host:
        yield f"http://127.0.0.1:{host.port}"


def _clean(data: bytes) -> list[str]:
    """The first ten of the secrets that are left."""
    return swept(data, SECRETS)[:10]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("recorder", RECORDERS)
def test_nothing_planted_is_left(recorder: Recorder, server: str, tmp_path: Path) -> None:
    file = recorder(server, tmp_path)
    data = file.read_bytes()
    is_dump = recorder is curl_trace
    assert is_dump or sum(each.encode() in data for each in SECRETS) > 100
    ran = call("audit", "import", str(file), "-o", str(tmp_path / "rec"))
    assert ran.code == 0, ran.err
    written = b"\n".join(each.read_bytes() for each in (tmp_path / "rec").iterdir())
    assert _clean(written) == []
    assert _clean(ran.both.encode()) == []
    for words in (("show", "3"), ("export", "--as", "html"), ("export", "--as", "har")):
        verb, *more = words
        place = [str(tmp_path / "rec"), *more]
        assert _clean(call("audit", verb, *place).both.encode()) == []
    assert _clean(call("audit", "lint", str(file)).both.encode()) == []
    if data.lstrip(b"\xef\xbb\xbf")[:1] == b"{" and b'"entries"' in data[:20_000_000]:
        _redacted(file, tmp_path)


def _redacted(file: Path, folder: Path) -> None:
    """A HAR file is clean at both levels, the second time as the first, and judged as before."""
    before = _verdicts(file)
    for level in ("secrets", "pii"):
        once, twice = folder / f"{level}.1.har", folder / f"{level}.2.har"
        for source, made in ((file, once), (once, twice)):
            ran = call("audit", "redact", str(source), "--level", level, "-o", str(made))
            assert ran.code == 0, ran.err
            assert _clean(ran.both.encode()) == []
        assert _clean(once.read_bytes()) == []
        assert json.loads(once.read_text()) == json.loads(twice.read_text())
        after = _verdicts(once)
        assert set(after) == set(before)
        for place, kinds in after.items():
            assert kinds <= before[place] | {VerdictKind.UNDECIDABLE}, place


def _verdicts(file: Path) -> dict[tuple[str, int | None], set[VerdictKind]]:
    found: dict[tuple[str, int | None], set[VerdictKind]] = {}
    for judged in lint(named(str(file)), today=date(2026, 11, 25)).judged:
        if judged.rule.id != "HR01":  # whether the file says that it is clean
            place = (judged.rule.id, judged.verdict.step)
            found.setdefault(place, set()).add(judged.verdict.kind)
    return found
