"""What people install: the wheel and the sdist, built, opened, installed and run."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import entra_oauth
from kit import needs

ROOT = Path(__file__).parents[1]
VERSION = entra_oauth.__version__

pytestmark = [
    needs.python("build", group="check"),
    needs.python("hatchling", group="check"),
    needs.python("pip"),
]

Files = dict[str, bytes]


def _run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both; the wheel is built from the sdist, as an installer would."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Files:
    with zipfile.ZipFile(built / f"entra_oauth-{VERSION}-py3-none-any.whl") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def sdist(built: Path) -> Files:
    files = {}
    top = f"entra_oauth-{VERSION}"
    with tarfile.open(built / f"{top}.tar.gz") as archive:
        for member in archive.getmembers():
            assert member.name.startswith(f"{top}/")
            if content := archive.extractfile(member):
                files[member.name.removeprefix(f"{top}/")] = content.read()
    return files


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment's folder of programs, with the wheel and nothing else installed.

    What the wheel depends on is lent from this environment, so that no network is
    needed: a .pth file adds its folder at the end, behind the wheel's own.
    """
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    scripts = Path(sysconfig.get_path("scripts", "venv", vars={"base": str(home)}))
    site = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(home)}))
    (found,) = built.glob("*.whl")
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        scripts / "python",
        "--isolated",
        "install",
    ]
    _run(*pip, "--no-deps", "--no-index", "--quiet", found, cwd=home)
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "lent.pth").write_text("\n".join(sorted(lent)) + "\n", encoding="utf-8")
    return scripts


def _package_files() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "entra_oauth").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_the_wheel_holds_the_package_and_its_facts_and_nothing_else(wheel: Files) -> None:
    facts = f"entra_oauth-{VERSION}.dist-info"
    assert {name for name in wheel if not name.startswith(f"{facts}/")} == _package_files()
    assert "entra_oauth/py.typed" in wheel
    assert wheel[f"{facts}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert b"entra-oauth = entra_oauth.cli:program" in wheel[f"{facts}/entry_points.txt"]


def test_the_wheel_says_what_it_needs(wheel: Files) -> None:
    facts = Parser().parsestr(wheel[f"entra_oauth-{VERSION}.dist-info/METADATA"].decode())
    assert facts["Name"] == "entra-oauth"
    assert facts["Requires-Python"] == ">=3.11"
    assert facts["License-Expression"] == "MIT"
    lines = facts.get_all("Requires-Dist", [])
    extras = {line.partition(">")[0] for line in lines if "extra ==" in line}
    assert extras == {"keyring", "pyyaml"}
    needed = {line.partition(">")[0] for line in lines} - extras
    assert needed == {
        "authlib",
        "cryptography",
        "joserfc",
        "platformdirs",
        "requests",
        "truststore",
        "urllib3",
    }


def test_the_sdist_holds_what_its_tests_need(sdist: Files) -> None:
    assert _package_files() <= sdist.keys()
    for name in ("LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "pyproject.toml"):
        assert sdist[name] == (ROOT / name).read_bytes()
    for name in ("scripts/test.py", ".ci/run", "tests/conftest.py", "tests/test_package.py"):
        assert name in sdist
    golden = {path.name: path.read_bytes() for path in (ROOT / "tests/golden").iterdir()}
    assert golden == {name: sdist[f"tests/golden/{name}"] for name in golden}


@pytest.mark.parametrize("archive", ["wheel", "sdist"])
def test_no_path_of_this_machine_gets_into_an_archive(
    archive: str, request: pytest.FixtureRequest
) -> None:
    files: Files = request.getfixturevalue(archive)
    here = [str(ROOT), tempfile.gettempdir() + os.sep, str(Path(sys.prefix)), sys.base_prefix]
    places = [place.encode() for place in here if len(place) > len("/usr/x")]
    leaks = [name for name, content in files.items() if any(p in content for p in places)]
    assert leaks == []
    assert not [name for name in files if name.endswith((".pyc", ".orig", ".swp"))]


def test_the_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    assert VERSION in _run(installed / "entra-oauth", "--version", cwd=tmp_path)
    assert VERSION in _run(installed / "python", "-m", "entra_oauth", "--version", cwd=tmp_path)


def test_the_installed_package_is_the_wheels_own(installed: Path, tmp_path: Path) -> None:
    where = "import entra_oauth; print(entra_oauth.__file__)"
    place = Path(_run(installed / "python", "-c", where, cwd=tmp_path).strip())
    assert place.is_relative_to(installed.parent)
    assert not place.is_relative_to(ROOT)


def test_every_public_name_is_there_once_installed(installed: Path, tmp_path: Path) -> None:
    look = "import entra_oauth as e; print(*[getattr(e, n) is not None for n in e.__all__])"
    said = _run(installed / "python", "-c", look, cwd=tmp_path).split()
    assert said == ["True"] * len(entra_oauth.__all__)
    assert said


SLOW = ("requests", "urllib3", "joserfc", "cryptography", "authlib", "http.server")


def _imported_by(program: str, cwd: Path) -> set[str]:
    look = f"{program}\nimport sys; print(*[n for n in {SLOW} if n in sys.modules])"
    return set(_run(sys.executable, "-P", "-c", look, cwd=cwd).split())


def test_importing_the_package_imports_nothing_slow(tmp_path: Path) -> None:
    assert _imported_by("import entra_oauth", tmp_path) == set()


def test_importing_the_command_line_imports_nothing_slow(tmp_path: Path) -> None:
    assert _imported_by("import entra_oauth.cli", tmp_path) == set()


def test_what_is_slow_would_be_seen(tmp_path: Path) -> None:
    assert {"requests", "urllib3"} <= _imported_by("import requests", tmp_path)
