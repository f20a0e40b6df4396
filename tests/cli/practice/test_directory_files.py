"""`--directory FILE`: whose consent counts, and what is said of a file that is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.cli.practice.introduction import app_to_try, people_to_try
from entra_oauth.cli.practice.tenant_options import read_tenant
from entra_oauth.cli.verbs.learn_verbs import TenantOptions
from entra_oauth.errors import UsageError
from entra_oauth.practice import PracticeTenant, read_directory
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from kit import needs
from kit.command_line import call
from kit.practice import Kit, reply

APP = "12a34b56-789c-0d12-e3fa-b456789c0123"
DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
GRAPH = "00000003-0000-0000-c000-000000000000"
USERS = """[[users]]
name = "alice@contoso-practice.example"

[[users]]
name = "bob@contoso-practice.example"
oid = "b0b00000-0000-4000-8000-000000000001"
"""
FOR_ALL = f"""
[[consents]]
client_id = "{APP}"
resource_id = "{DATABRICKS}"
"""
FOR_BOB = f"""{FOR_ALL}oid = "b0b00000-0000-4000-8000-000000000001"
"""


def _asks(
    file: Path, text: str, *, run: bool, user: str = "alice", scope: str = DATABRICKS
) -> bool:
    """True if the person is asked for consent."""
    file.write_text(text, encoding="utf-8")
    tenant = read_tenant(TenantOptions(directory=str(file)), admin_consent=run)
    kit = Kit(tenant, user=f"{user}@contoso-practice.example", consents=False)
    return reply(kit.open({"scope": f"{scope}/.default"})).get("error") == "access_denied"


@pytest.mark.parametrize(
    ("text", "of_serve", "of_run"),
    [
        (USERS, True, False),
        (USERS + FOR_ALL, False, False),
        (USERS + FOR_BOB, True, True),
        (f"consents = []\n{USERS}", True, True),
        ("", True, False),
    ],
    ids=["no table", "for everybody", "for bob", "an empty table", "an empty file"],
)
def test_an_administrators_consent_is_kept(
    text: str, of_serve: bool, of_run: bool, tmp_path: Path
) -> None:
    file = tmp_path / "directory.toml"
    assert _asks(file, text, run=False) is of_serve
    assert _asks(file, text, run=True) is of_run


@pytest.mark.parametrize("run", [True, False])
def test_a_file_that_has_consents_has_no_others(run: bool, tmp_path: Path) -> None:
    file = tmp_path / "directory.toml"
    assert _asks(file, USERS + FOR_ALL, run=run, scope=GRAPH)
    assert not _asks(file, USERS + FOR_BOB, run=run, user="bob")


@needs.program("curl")
def test_the_program_of_practice_run_is_not_asked_with_a_file_either(tmp_path: Path) -> None:
    file = tmp_path / "directory.toml"
    file.write_text(USERS, encoding="utf-8")
    ran = call(
        *("practice", "run", "--directory", str(file), "--", "curl", "-sS"),
        *("-d", f"grant_type=password&client_id={APP}&scope={DATABRICKS}/.default"),
        *("-d", "username=alice@contoso-practice.example&password=practice", "-o", "/dev/null"),
        *("-w", "%{http_code}", "--fail"),
        "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
    )
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("verb", [("serve",), ("run",)])
def test_a_wrong_file_is_told_with_line_and_key(verb: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "directory.toml"
    file.write_text(f"{USERS}pasword = 'x'\n", encoding="utf-8")
    program = ("--", "true") if verb == ("run",) else ()
    ran = call("practice", *verb, "--directory", str(file), *program)
    assert (ran.code, ran.out) == (2, "")
    assert "file, line 7, has an unknown key in users, number 2: pasword." in ran.err
    assert "Next: " in ran.err


OURS = """[[tenants]]
id = "c0ffee00-0000-4000-8000-000000000001"
domain = "fabrikam.example"
name = "Fabrikam"

[[users]]
name = "zoe@fabrikam.example"
password = "ours"

[[apps]]
client_id = "c0ffee00-0000-4000-8000-00000000000a"
name = "Web"

[[apps]]
client_id = "c0ffee00-0000-4000-8000-00000000000b"
name = "Ours"

[[apps.redirects]]
uri = "http://localhost"
"""


def test_a_directorys_first_person_signs_in_where_nobody_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "directory.toml"
    file.write_text(OURS, encoding="utf-8")
    ran = call("practice", "run", "--directory", str(file), "--", "sh", "-c", 'cat "$BROWSER"')
    assert ran.code == 0
    assert "--user zoe@fabrikam.example" in capfd.readouterr().out


def test_a_directory_without_people_says_so() -> None:
    nobody = replace(DEFAULT, users=())
    with pytest.raises(UsageError, match="has nobody in it"):
        PracticeTenant(directory=nobody).person("")
    assert people_to_try(nobody) == "People: none"


def test_what_a_tenant_of_ones_own_is_introduced_by_is_in_its_directory() -> None:
    book = read_directory(OURS)
    assert people_to_try(book) == "People: zoe@fabrikam.example, password: ours"
    app = app_to_try(book, "http://localhost:8400")
    assert app is not None
    assert (app.tenant, app.client_id) == (
        "c0ffee00-0000-4000-8000-000000000001",
        "c0ffee00-0000-4000-8000-00000000000b",
    )
    without = read_directory(OURS.partition("[[apps.redirects]]")[0])
    assert app_to_try(without, "http://localhost:8400") is None


def test_the_usual_tenant_is_introduced_by_the_articles_app() -> None:
    said = "People: alice, bob or mallory @contoso-practice.example, password: practice"
    assert people_to_try(DEFAULT) == said
    app = app_to_try(DEFAULT, "http://localhost:8400")
    assert app is not None
    assert (app.tenant, app.client_id) == (ARTICLE_TENANT_ID, ARTICLE_CLIENT_ID)
