"""The import arrows of docs/architecture.md, read from the source.

    errors <- protocol <- channels <- recording <- flows <- cache <- client <- adapters <- cli

Imports inside functions and under TYPE_CHECKING count like all others: an arrow
that exists only for the types is an arrow.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kit import canaries
from kit.project import imports
from kit.project.core import Core
from packet.core import LEFT_OUT, is_left_out

ROOT = Path(__file__).parents[1]


def _package() -> dict[str, str]:
    found = {}
    for path in sorted((ROOT / "entra_oauth").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path.read_text(encoding="utf-8")
    return found


def test_every_import_of_the_package_runs_the_right_way() -> None:
    package = _package()
    assert "entra_oauth.channels.base" in package
    assert imports.offences(package) == []


def test_every_room_of_the_package_is_known_to_the_rules() -> None:
    doors = {"", "__main__", *imports.FREE}
    known = {*imports.LAYERS, *imports.ASIDE, *doors}
    assert {imports._room(name) for name in _package()} <= known


WRONG = [
    ("errors", "import entra_oauth.protocol.messages", "may not use entra_oauth.protocol"),
    ("protocol.token", "from entra_oauth.channels.base import now", "may not use"),
    ("protocol.token", "from entra_oauth import flows", "may not use entra_oauth.flows"),
    ("channels.listener.listener", "from entra_oauth.recording import record", "may not use"),
    ("recording.record", "from entra_oauth.flows import code", "may not use"),
    ("flows.code", "from entra_oauth.client import PublicClient", "may not use"),
    ("flows.code", "from entra_oauth.cache import store", "may not use"),
    ("cache.store", "from entra_oauth.client import PublicClient", "may not use"),
    ("client", "from entra_oauth.adapters import azure", "may not use"),
    ("adapters.azure", "from entra_oauth.cli import main", "may not use"),
    ("client", "from entra_oauth.practice import tenant", "may not use"),
    ("channels.https.back_channel", "from entra_oauth.lessons import story", "may not use"),
    ("flows.code", "from entra_oauth.audit import rules", "may not use"),
    ("practice.tenant", "from entra_oauth.protocol.scopes import expand", "protocol.scopes"),
    ("practice.tenant", "from entra_oauth.protocol import scopes", "protocol.scopes"),
    (
        "practice.tenant",
        "import entra_oauth.channels.https.back_channel",
        "channels.https.back_channel",
    ),
    ("practice.tenant", "from entra_oauth.recording.record import Exchange", "recording"),
    ("practice.tenant", "from entra_oauth.lessons import story", "lessons"),
    ("audit.rules.all_rules", "from entra_oauth.channels.base import now", "channels.base"),
    ("audit.rules.all_rules", "from entra_oauth.practice import tenant", "practice"),
    ("lessons.story", "from entra_oauth.cli import main", "may not use entra_oauth.cli"),
    ("flows.code", "from entra_oauth import PublicClient", "may not use entra_oauth"),
    ("flows.code", "from .base import now", "by a relative name"),
    ("flows.code", "def f():\n    import entra_oauth.client", ":2: may not use"),
    ("flows.code", "if TYPE_CHECKING:\n    import entra_oauth.client", ":2: may not use"),
    ("flows.code", "try:\n    pass\nexcept E:\n    import entra_oauth.cli", ":4: may not use"),
    ("flows.code", "import importlib as i\ni.import_module('entra_oauth.cli')", "entra_oauth.cli"),
    ("flows.code", "from importlib import import_module as g\ng(name)", "computed name"),
    ("flows.code", "import importlib as i\ni.import_module(f'entra_oauth.{x}')", "computed name"),
    ("flows.code", "import importlib as i\ni.import_module(f'entra_oauth.cli.{x}')", "cli.?"),
    ("flows.code", "__import__('entra_oauth.cli')", "may not use entra_oauth.cli"),
    ("flows.code", "import requests", "uses requests"),
    ("channels.listener.listener", "def f():\n    from urllib3.util import Retry", "uses urllib3"),
    ("practice.tenant", "import requests", "uses requests"),
    ("channels.listener.listener", "__import__('requests')", "uses requests"),
    ("channels.https.back_channel", "import requests", "at once"),
    (
        "channels.https.back_channel",
        "from entra_oauth.channels.https import requests_adapter",
        "at once",
    ),
    ("channels.https.back_channel", "if x:\n    import requests", "at once"),
    ("adapters.http", "import requests", "at once"),
    (
        "channels.listener.listener",
        "def f():\n    from entra_oauth.channels.https import requests_adapter",
        "back channel",
    ),
    ("channels.https.back_channel", "import msal", "uses msal"),
    ("adapters.msal", "def f():\n    from msal import PublicClientApplication", "uses msal"),
    ("flows.code", "import time\ntime.time()", ":2: reads the clock (time.time)"),
    ("flows.code", "import time as t\nclock = t.monotonic", "reads the clock"),
    ("flows.code", "from time import monotonic", "reads the clock (time.monotonic)"),
    ("cli.login", "import time\ntime.localtime()", "reads the clock"),
    ("cli.login", "import time\ntime.strftime('%c')", "reads the clock"),
    ("cli.login", "import datetime\ndatetime.datetime.now()", "reads the clock"),
    ("cli.login", "from datetime import datetime, UTC\ndatetime.now(UTC)", "reads the clock"),
    ("practice.tenant", "from datetime import date as d\nd.today()", "reads the clock"),
    ("garden.shed", "import entra_oauth.errors", "may not use"),
]


@pytest.mark.parametrize(("module", "source", "said"), WRONG)
def test_a_wrong_arrow_is_found(module: str, source: str, said: str) -> None:
    package = {**_ROOMS, f"entra_oauth.{module}": source}
    assert [offence for offence in imports.offences(package) if said in offence]


RIGHT = [
    ("protocol.token", "from entra_oauth.errors import UsageError"),
    ("protocol.token", "from entra_oauth import errors"),
    ("protocol.token", "from entra_oauth._version import __version__"),
    ("cli.login", "from entra_oauth.practice import tenant\nimport entra_oauth.lessons.story"),
    ("cli.login", "import importlib\nimportlib.import_module(f'entra_oauth.cli.{verb}')"),
    ("practice", "import importlib\nimportlib.import_module(f'{__name__}.{home}')"),
    (
        "lessons.story",
        "from entra_oauth.practice import tenant\nimport entra_oauth.audit.rules.all_rules",
    ),
    ("lessons.story", "from entra_oauth.client import PublicClient"),
    ("practice.tenant", "from entra_oauth.protocol.messages import HttpRequest"),
    ("practice.tenant", "from entra_oauth.protocol import messages"),
    ("practice.tenant", "from entra_oauth.channels.loopback.host import serve"),
    ("practice.tenant", "from entra_oauth.practice.signing.key_ring import Key"),
    ("audit.rules.all_rules", "from entra_oauth.recording.record import Exchange"),
    ("channels.https.back_channel", "def f():\n    import requests"),
    ("channels.https.back_channel", "if TYPE_CHECKING:\n    import requests"),
    (
        "channels.https.back_channel",
        "def f():\n    from entra_oauth.channels.https import requests_adapter",
    ),
    ("channels.https.requests_adapter", "import requests\nimport urllib3"),
    ("cli.login", "import time\ntime.strftime('%c', time.gmtime(0))"),
    ("adapters.http", "def f():\n    from requests.auth import AuthBase"),
    ("channels.base", "import time\nnow = time.time"),
    ("flows.code", "import time\ntime.sleep(1)"),
    ("flows.code", "from datetime import datetime\ndatetime.fromtimestamp(0)"),
    ("__main__", "from entra_oauth.cli import main"),
]


@pytest.mark.parametrize(("module", "source"), RIGHT)
def test_a_right_arrow_is_left_alone(module: str, source: str) -> None:
    assert imports.offences({**_ROOMS, f"entra_oauth.{module}": source}) == []


_ROOMS = {
    f"entra_oauth{module and '.' + module}": ""
    for module in (
        "",
        "_version",
        "errors",
        "protocol",
        "protocol.messages",
        "protocol.scopes",
        "channels.base",
        "channels.https.back_channel",
        "channels.https.requests_adapter",
        "channels.loopback.host",
        "recording.record",
        "flows",
        "cache",
        "client",
        "adapters",
        "cli",
        "practice",
        "practice.tenant",
        "practice.signing.key_ring",
        "audit",
        "audit.rules.all_rules",
        "lessons",
        "lessons.story",
    )
}


# ---- the core in one file -----------------------------------------------------------------

DOORS = {
    ("", "practice"): "a public name, resolved when it is asked for",
    (
        "cli.command_line.counted_settings",
        "practice",
    ): "the names of faults, for the practice verbs",
    ("cli.doctor.doctor", "cli.doctor.lesson_check"): "doctor --class",
    ("cli.explain", "audit"): "explain RULE",
    ("cli.session.console", "lessons"): "login --explain",
    ("cli.session.explain_option", "lessons"): "login --explain",
    ("cli.sign_in.plan", "audit"): "the linter on what would be sent, where it is there",
}
"""Where the core asks for the rest, and what for: late, and for nothing of its own work."""


def _room_left_out(target: str) -> str | None:
    inner = target.removeprefix("entra_oauth.")
    return next((out for out in LEFT_OUT if inner == out or inner.startswith(f"{out}.")), None)


def test_the_core_imports_nothing_of_the_rest() -> None:
    package = _package()
    asked = {
        (module.removeprefix("entra_oauth").lstrip("."), out, use.late)
        for module, source in package.items()
        if not is_left_out(module.removeprefix("entra_oauth."))
        for use in imports.uses(source, frozenset(package))
        if use.is_import and (out := _room_left_out(use.what))
    }
    assert {(module, out) for module, out, _ in asked} == set(DOORS)
    assert [each for each in asked if not each[2]] == []


@pytest.fixture(scope="module")
def the_core(tmp_path_factory: pytest.TempPathFactory) -> Core:
    return Core.made_in(tmp_path_factory.mktemp("core"))


def test_the_core_is_one_file_of_sources_that_imports_whole(the_core: Core) -> None:
    with zipfile.ZipFile(the_core.path) as archive:
        names = archive.namelist()
    assert [name for name in names if name.endswith((".so", ".pyd", ".pyc"))] == []
    assert {name.partition("/")[0] for name in names}.isdisjoint({"cryptography", "cffi"})
    ours = [name for name in names if name.startswith("entra_oauth/") and name.endswith(".py")]
    assert [name for name in ours if name.startswith("entra_oauth/practice/")] == []
    foreign = ("entra_oauth.adapters.aiohttp_middleware", "entra_oauth.adapters.httpx_auth")
    modules = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in ours
    } - {*foreign, "entra_oauth.__main__"}
    look = (
        f"import sys, importlib; sys.path.insert(0, {str(the_core.path)!r})\n"
        f"found = [importlib.import_module(name) for name in {sorted(modules)!r}]\n"
        f"assert all(each.__file__.startswith({str(the_core.path)!r}) for each in found)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", look], capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("audit lint rec", "What audit lint asks for is not in this build"),
        ("practice serve", "What practice serve asks for is not in this build"),
        ("learn", "What learn asks for is not in this build"),
        ("lab list", "What lab list asks for is not in this build"),
        ("demo", "What demo asks for is not in this build"),
        ("explain AR04", "What explain asks for is not in this build"),
        ("doctor --class", "What doctor asks for is not in this build"),
    ],
)
def test_a_verb_that_is_not_in_the_core_says_so(the_core: Core, command: str, missing: str) -> None:
    ran = the_core.run(sys.executable, *command.split())
    assert (ran.returncode, ran.stdout) == (8, "")
    what, advice = ran.stderr.splitlines()
    assert what.startswith(f"error: {missing}")
    assert advice.startswith("Next: ")


def test_the_core_without_a_linter_says_so_and_goes_on(the_core: Core) -> None:
    ran = the_core.run(
        sys.executable,
        "mirror",
        "--print",
        "--tenant",
        canaries.TENANT,
        "--client-id",
        canaries.CLIENT_ID,
    )
    assert ran.returncode == 0
    assert "The linter is not in this build" in ran.stderr
