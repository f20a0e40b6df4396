"""tshark is run alone, with a deadline, and leaves nothing; its output is a stranger's text."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.errors import LocalError, UsageError
from entra_oauth.recording.importing.captures import tshark as room
from entra_oauth.recording.importing.captures.connections import connections_of
from entra_oauth.recording.importing.captures.key_log import check_key_log
from entra_oauth.recording.importing.captures.read_capture import is_capture, read_capture
from kit import needs
from kit.command_line import Running, call, environment, error_of

pytestmark = needs.posix

MAGIC = b"\x0a\x0d\x0d\x0a" + b"\0" * 60
SECRET = "5f" * 32
LINE = f"CLIENT_RANDOM {SECRET} {'ab' * 48}\n"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "-r capture; $(x).pcapng"
    path.write_bytes(MAGIC)
    return path


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.log"
    path.write_text(f"# made by hand\n{LINE}")
    return path


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in tshark's place; its body is to be written to this file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "body.py"
    program = folder / "tshark"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {script} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return script


@pytest.fixture(autouse=True)
def own_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Whatever happens, the folder for temporary files is empty at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def test_it_gets_no_settings_of_the_persons_and_no_copy(
    played: Path, capture: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", "/nowhere")
    monkeypatch.setenv("LUA_PATH", "/nowhere")
    noted = tmp_path / "noted"
    played.write_text(
        "import json, os, stat, sys\n"
        "here = {n: (os.path.islink(n), os.readlink(n) if os.path.islink(n) else '')\n"
        "        for n in os.listdir('.')}\n"
        f"with open({str(noted)!r}, 'a') as file:\n"
        "    mode = stat.S_IMODE(os.stat('.').st_mode)\n"
        "    file.write(json.dumps([sys.argv[1:], dict(os.environ), here, mode]) + '\\n')\n",
        encoding="utf-8",
    )
    with pytest.raises(UsageError, match="neither TLS nor HTTP"):
        read_capture(capture, keys)
    version, listed = map(json.loads, noted.read_text().splitlines())
    assert version[0] == ["--version"]
    arguments, variables, here, mode = listed
    assert arguments[:5] == ["-r", "capture", "-n", "-o", "tls.keylog_file:keys"]
    assert {"SSLKEYLOGFILE", "LUA_PATH"}.isdisjoint(variables)
    homes = {variables[name] for name in ("HOME", "XDG_CONFIG_HOME", "WIRESHARK_CONFIG_DIR")}
    assert len(homes) == 1
    assert not homes & {os.environ["HOME"]}
    assert here["capture"] == [True, str(capture)]
    assert here["keys"] == [True, str(keys)]
    assert mode == 0o700


BODIES = {
    "late": ("import time\nwhile True: time.sleep(1)", LocalError, "within 1 seconds"),
    "endless": (
        "import sys\nwhile True: sys.stdout.write('1\\t' * 4096)",
        UsageError,
        "tells more than",
    ),
    "failing": (
        "import sys\nsys.stderr.write('tshark: \\x1b[31mcut short')\nsys.exit(2)",
        UsageError,
        "<ESC>[31mcut short",
    ),
    "silent and failing": ("import sys\nsys.exit(2)", UsageError, "it does not say why"),
    "of words": ("print('no number\\tat\\tall')", UsageError, "in another way"),
    "of other columns": ("print('1\\t2\\t3')", UsageError, "in another way"),
    "hostile": ("print('\\x1b]0;x\\x07' * 20)", UsageError, "in another way"),
}


def _asked(capture: Path, deadline_s: float) -> None:
    with room.opened_capture(capture, None, most_bytes=1 << 22) as found:
        connections_of(replace(found, deadline_s=deadline_s))


@pytest.mark.parametrize("name", BODIES)
def test_a_tshark_that_behaves_badly_is_one_clear_message(
    name: str, played: Path, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, kind, said = BODIES[name]
    played.write_text(f"import sys\nif sys.argv[1] == '--version': sys.exit(0)\n{body}\n", "utf-8")
    deadline_s = 1.0 if name == "late" else 60.0
    with pytest.raises(kind) as refused:
        _asked(capture, deadline_s)
    assert said in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_sigterm_ends_it_and_leaves_nothing(
    played: Path, capture: Path, keys: Path, own_temporary: Path, tmp_path: Path
) -> None:
    noted = tmp_path / "pid"
    played.write_text(
        "import os, sys, time\nif sys.argv[1] == '--version': sys.exit(0)\n"
        f"with open({str(noted) + '.part'!r}, 'w') as file: file.write(str(os.getpid()))\n"
        f"os.rename({str(noted) + '.part'!r}, {str(noted)!r})\n"
        "while True: time.sleep(1)\n",
        encoding="utf-8",
    )
    out = tmp_path / "rec"
    arguments = ("audit", "import", str(capture), "--keys", str(keys), "-o", str(out))
    with Running(*arguments, env=environment(TMPDIR=str(own_temporary))) as running:
        until = time.monotonic() + 60
        while not noted.exists():
            assert time.monotonic() < until, running.said
            time.sleep(0.01)
        assert len(list(own_temporary.iterdir())) == 1
        assert stat.S_IMODE(next(own_temporary.iterdir()).stat().st_mode) == 0o700
        running.signal(signal.SIGTERM)
        ran = running.finish()
    assert ran.code == 143
    assert not out.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)
    assert (capture.exists(), keys.exists()) == (True, True)


def test_without_tshark_its_package_is_named(
    capture: Path, keys: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = call("audit", "import", str(capture), "--keys", str(keys), "-o", str(tmp_path / "rec"))
    assert ran.code == 8
    assert "apt install tshark" in error_of(ran)[1]


# ---- files ------------------------------------------------------------------------------


def test_a_capture_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for magic in ("0a0d0d0a", "d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d"):
        path.write_bytes(bytes.fromhex(magic) + b"\0")
        assert is_capture(path)
    path.write_bytes(b"{}")
    assert not is_capture(path)
    assert not is_capture(tmp_path / "nowhere")


KEY_LOGS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "holds no key"),
    "comments only": (b"# nothing\n\n", "holds no key"),
    "another file": (b"{}\n", "Line 1 of "),
    "a line more": (LINE.encode() + b"password=hunter2\n", "Line 2 of "),
    "cut": (LINE.encode()[:40], "Line 1 of "),
    "binary": (b"\x00\xff" * 4000, "Line 1 of "),
    "no hex": (b"CLIENT_RANDOM zz zz\n", "Line 1 of "),
    "hostile": (b"\x1b[31mCLIENT_RANDOM\n", "Line 1 of "),
}


@pytest.mark.parametrize("name", KEY_LOGS)
def test_a_key_log_that_is_none_is_refused_and_not_quoted(name: str, tmp_path: Path) -> None:
    data, said = KEY_LOGS[name]
    path = tmp_path / "keys"
    path.write_bytes(data)
    with pytest.raises(UsageError) as refused:
        check_key_log(path)
    assert said in refused.value.what
    assert "hunter2" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_every_label_of_a_key_log_is_known(tmp_path: Path) -> None:
    labels = (
        "CLIENT_RANDOM",
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_1",
        "EXPORTER_SECRET",
        "EARLY_EXPORTER_SECRET",
        "CLIENT_EARLY_TRAFFIC_SECRET",
    )
    (tmp_path / "keys").write_text("".join(f"{each} {SECRET} {SECRET}\r\n" for each in labels))
    check_key_log(tmp_path / "keys")


def test_files_that_are_too_large_or_no_files_are_refused_unread(
    capture: Path, tmp_path: Path
) -> None:
    os.truncate(capture, 200 * 2**20)
    with pytest.raises(UsageError, match="larger than"):
        read_capture(capture, None)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(UsageError, match="no plain file"):
        check_key_log(fifo)
    with pytest.raises(LocalError, match="cannot be read"):
        check_key_log(tmp_path / "nowhere")


def test_keys_are_for_captures_only(tmp_path: Path, keys: Path) -> None:
    (tmp_path / "x.har").write_text("{}")
    ran = call(
        *("audit", "import", str(tmp_path / "x.har"), "--keys", str(keys)),
        *("-o", str(tmp_path / "rec")),
    )
    assert ran.code == 2
    assert "opens captures of packets" in error_of(ran)[0]
