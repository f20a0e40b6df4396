"""The approval packet: the same each time, whole, and made of nothing but what is pinned."""

from __future__ import annotations

import json
import os
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

import make_packet
import packet.folder
from kit import canaries, needs
from kit.project import pages
from kit.project.core import clone_in
from packet.archive import zipped
from packet.folder import PROGRAM, SUMS, NotMade, checksums, threats
from packet.installed import Distribution, NotAsRecorded
from packet.pins import Pin, distributions, read_pins

pytestmark = [
    needs.posix,
    needs.python("cyclonedx", pypi="cyclonedx-python-lib", group="packet"),
    needs.python("hatchling", group="packet"),
]

COMMANDS = pages.commands(pages.page("docs/packet.md"))
IDS = {"TENANT": canaries.TENANT, "CLIENT": canaries.CLIENT_ID}

Files = dict[str, bytes]


def _run(command: str, clone: Path) -> subprocess.CompletedProcess[str]:
    path = f"{clone / '.venv' / 'bin'}{os.pathsep}{os.defpath}"
    environ = {"PATH": path, "HOME": str(clone), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, shell=True, cwd=clone, env=environ, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which the packet was made, by the first command of the page."""
    made = clone_in(tmp_path_factory.mktemp("one") / "clone")
    done = _run(COMMANDS[0], made)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def made(clone: Path) -> Files:
    return _files(clone / "packet")


def _files(folder: Path) -> Files:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_another_clone_elsewhere_at_another_time_makes_the_same_bytes(
    made: Files, tmp_path: Path
) -> None:
    other = clone_in(tmp_path / "a longer path" / "other", seconds=1_000_000_000)
    done = _run(f"SOURCE_DATE_EPOCH=1700000000 {COMMANDS[0]}", other)
    assert done.returncode == 0, done.stderr
    again = _files(other / "packet")
    assert sorted(again) == sorted(made)
    assert [name for name in made if made[name] != again[name]] == []


def test_the_commands_of_the_page_run(clone: Path) -> None:
    expected = {"login": 0, "token": 2}
    for command in COMMANDS[1:]:
        for word, value in IDS.items():
            command = command.replace(word, value)
        verb = next((verb for verb in expected if f".pyz {verb}" in command), None)
        done = _run(f"{command} --dry-run" if verb == "login" else command, clone)
        assert done.returncode == expected.get(verb or "", 0), (command, done.stderr)


def test_every_file_of_the_page_is_there_and_every_file_is_in_the_sums(made: Files) -> None:
    table = [row[0].strip("`") for row in pages.rows(pages.page("docs/packet.md"))]
    named = {name.replace("VERSION", "0.1.0").rstrip("/") for name in table}
    assert {name.partition("/")[0] for name in made} == named | {"packet.md"}
    rest = {name: data for name, data in made.items() if name != SUMS}
    assert made[SUMS] == checksums(rest)


def test_nothing_of_this_machine_or_of_an_index_is_in_it(made: Files, clone: Path) -> None:
    index = b"pythonhosted" + b".org"
    for name, data in made.items():
        assert str(clone).encode() not in data, name
        if name != PROGRAM:
            assert index not in data, name


def test_the_bill_names_what_is_pinned_and_what_is_compiled_in(made: Files) -> None:
    bill = json.loads(made["sbom.cdx.json"])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]
    pins = read_pins(made["requirements.txt"].decode())
    parts = {each["name"]: each for each in bill["components"]}
    assert {name: part["version"] for name, part in parts.items()} == {
        pin.name: pin.version for pin in pins
    }
    assert [name for name, part in parts.items() if not part.get("licenses")] == []
    inside = {each["name"] for each in parts["cryptography"]["components"]}
    assert "openssl" in inside
    needed = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    root = needed[bill["metadata"]["component"]["bom-ref"]]
    assert any(ref.startswith("pkg:pypi/requests@") for ref in root)
    assert not any(ref.startswith("pkg:pypi/idna@") for ref in root)


def test_the_statement_and_the_text_are_those_of_the_project(made: Files) -> None:
    assert b"## What is not protected" in made["threats.md"]
    assert b"a stolen code" in made["threats.md"]
    assert b"A text for your administrator" in made["registration.txt"]


# ---- what is refused ----------------------------------------------------------------------


def test_a_folder_that_is_not_empty_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").touch()
    assert make_packet.main([str(tmp_path)]) == 8
    assert "is not empty.\nNext: name a new folder." in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("missing", ["hatchling", "cyclonedx"])
def test_what_is_missing_is_named_with_a_command_that_installs_it(
    missing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def absent(*_: object) -> dict[str, bytes]:
        raise ModuleNotFoundError(name=missing)

    monkeypatch.setattr(packet.folder, "find_spec", {}.get)
    if missing == "cyclonedx":
        monkeypatch.setattr(make_packet, "packet", absent)
    assert make_packet.main([str(tmp_path / "new")]) == 8
    what, advice = capsys.readouterr().err.splitlines()
    assert f"{missing} is missing" in what
    assert advice.endswith("-m pip install cyclonedx-python-lib hatchling")


def test_another_version_than_the_pinned_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text(f"idna==0.1 \\\n    --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    assert make_packet.main([str(tmp_path / "new"), "--pins", str(pins)]) == 8
    what, advice = capsys.readouterr().err.splitlines()
    assert "is installed, and 0.1 is pinned" in what
    assert advice.startswith("Next: install what is pinned")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("idna==3.20\n", "no hash is pinned for idna"),
        ("idna>=3\n", "not understood"),
        ("--index-url https://index.example/\n", "not understood"),
        ("idna @ https://index.example/idna.whl\n", "not understood"),
    ],
)
def test_a_line_that_pins_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_pins(text)


def test_a_library_that_is_not_installed_is_named() -> None:
    with pytest.raises(NotAsRecorded, match="no-such-thing is not installed"):
        distributions((Pin("no-such-thing", "1", ("0" * 64,), ()),))


def test_a_file_that_was_changed_after_its_installation_is_named(tmp_path: Path) -> None:
    facts = tmp_path / "thing-1.dist-info"
    facts.mkdir()
    (tmp_path / "thing.py").write_text("x = 1\n", encoding="utf-8")
    (facts / "METADATA").write_text("Name: thing\nVersion: 1\n", encoding="utf-8")
    # The SHA-256 of an empty file.
    empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
    (facts / "RECORD").write_text(f"thing.py,sha256={empty},0\n", encoding="utf-8")
    thing = Distribution("thing", metadata.PathDistribution(facts))
    with pytest.raises(NotAsRecorded, match=r"thing\.py of thing was changed"):
        thing.source_files()
    (tmp_path / "thing.py").write_bytes(b"")
    assert thing.source_files() == {"thing.py": b""}


def test_a_statement_without_one_of_its_parts_is_not_made() -> None:
    with pytest.raises(NotMade, match="Report a weakness"):
        threats("# Security\n\n## What is protected, and how\n\nAll.\n")


def test_an_archive_is_the_same_in_any_order_of_its_files() -> None:
    files = {"b": b"2", "a": b"1"}
    assert zipped(files) == zipped(dict(sorted(files.items())))
