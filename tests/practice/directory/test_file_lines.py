"""The line that a refused directory file is told."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import entra_oauth.practice.directory
from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.defaults import read_directory
from entra_oauth.practice.directory.file_lines import line_of

DEFAULT = Path(entra_oauth.practice.directory.__file__).with_name("default_directory.toml")
TEXT = """# a directory
[[tenants]]
id = "fab00000-0000-4000-8000-000000000001"   # [[apps]]
domain = "fabrikam.example"
name = '''Fabrikam
[[users]]
name = "nobody"
'''

[[apps]]
client_id = "0fab0000-0000-4000-8000-000000000009"
"name" = "[[apps]] = 1"
redirects = [
  { uri = "http://localhost" },  # }]
  { uri = "http://localhost/web", platform = "web" },
]
[[apps.federated]]
issuer = "https://a.example"
subject = "a"
[[apps.federated]]
issuer = "https://b.example"
subject = "b"

[[apps]]
client_id = "0fab0000-0000-4000-8000-00000000000a"
[[apps.federated]]
issuer = "https://c.example"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("tenants",), 2),
        (("tenants", 1), 2),
        (("tenants", 1, "id"), 3),
        (("tenants", 1, "name"), 5),
        (("users",), None),
        (("users", 1, "name"), None),
        (("apps",), 10),
        (("apps", 1, "client_id"), 11),
        (("apps", 1, "name"), 12),
        (("apps", 1, "redirects"), 13),
        (("apps", 1, "redirects", 2, "platform"), 13),
        (("apps", 1, "federated", 1, "issuer"), 18),
        (("apps", 1, "federated", 2), 20),
        (("apps", 1, "federated", 2, "issuer"), 21),
        (("apps", 1, "federated", 2, "audience"), 20),
        (("apps", 1, "secret"), 10),
        (("apps", 2, "client_id"), 25),
        (("apps", 2, "federated", 1, "issuer"), 27),
        (("apps", 3), 10),
    ],
)
def test_a_value_is_found_by_its_path(path: tuple[str | int, ...], line: int | None) -> None:
    assert line_of(TEXT, path) == line


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in _leaves(each, (*path, key))]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [leaf for n, each in enumerate(value, 1) for leaf in _leaves(each, (*path, n))]
    return [path]


def test_every_value_of_the_default_file_is_found_on_a_line_with_its_key() -> None:
    text = DEFAULT.read_text(encoding="utf-8")
    lines = text.splitlines()
    for path in _leaves(tomllib.loads(text)):
        found = line_of(text, path)
        assert found is not None
        assert re.search(rf"\b({path[-1]}|{path[2]}) = ", lines[found - 1]), path


TENANT = """[[tenants]]
id = "fab00000-0000-4000-8000-000000000001"
domain = "fabrikam.example"
name = "Fabrikam"
"""
APP = """
[[apps]]
client_id = "0fab0000-0000-4000-8000-000000000009"
name = "Own"
"""
BAD = "\\u001b[31mzoe"
USER = '[[users]]\nname = "zoe@fabrikam.example"\n'


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("\npeople = 1", 2, "has an unknown table, people"),
        ("\n[people]\na = 1", 2, "has an unknown table, people"),
        (f"{USER}{APP}nickname = 'x'", 7, "has an unknown key in apps, number 1: nickname"),
        (f"{USER}[[users]]\nadmin = true", 3, "lacks name in users, number 2"),
        (f"{USER}[users.x]\n", 3, "has an unknown key in users, number 1: x"),
        (f"{APP}secret = 5", 5, "must give a text of one line as secret in apps, number 1"),
        (
            f"{USER}{USER.replace('zoe', BAD)}",
            4,
            "must give a text of one line as name in users, number 2",
        ),
        ("[[users]]\nadmin = true\nname = 5", 3, "a text of one line as name in users, number 1"),
        (f'{USER}given_name = "{BAD}"', 3, "one line as given_name in users, number 1"),
        (f'[[users]]\ndisplay_name = "{BAD}"\nname = "{BAD}"', 2, "one line as display_name in"),
        (f"{APP}redirects = [\n{{}}]", 5, "lacks uri in redirects in apps, number 1, number 1"),
        (
            f"{APP}[[apps.redirects]]\nuri = 'x'\n[[apps.redirects]]\nuri = 'y'\nplatform = 'z'",
            9,
            "must give one of native, web, spa as platform in redirects in apps, number 1, "
            "number 2",
        ),
        ("users = [\n1]", 1, "must write users as [[users]]"),
        (f"{APP}certificates = ['x']", 5, "certificates in apps, number 1"),
        (
            f"{TENANT}{USER}tenant_id = 'x'",
            7,
            "speaks of an unknown tenant, x: tenant_id in users, number 1",
        ),
        (f"{APP}tenant_id = 'x'", 5, "speaks of an unknown tenant, x: tenant_id in apps, number 1"),
        (f"{USER}{USER}", 4, "has zoe@fabrikam.example twice, or not in lower case: name in users"),
        ("[[users]]\nname = 'A@b'", 2, "in lower case: name in users, number 1"),
        (f"{APP}{APP}", 7, "client_id in apps, number 2"),
        (
            f"{APP}[[consents]]\nresource_id = '00000003-0000-0000-c000-000000000000'\n"
            "client_id = 'x'",
            7,
            "client_id in consents, number 1",
        ),
        (f"{APP}[[consents]]\nclient_id = 'x'\nresource_id = 'y'", 6, "client_id in consents"),
        (
            "[[resources]]\nid = 'x'\nname = 'y'\nversion = 3",
            4,
            "version other than 1 or 2: version in resources, number 1",
        ),
        (
            "[[federation_policies]]\n\nissuer = 'https://x.example'",
            3,
            "not in issuers, https://x.example: issuer in federation_policies, number 1",
        ),
        (
            f"{APP}managed = 'system'{APP.replace('009', '010')}managed = 'system'",
            9,
            "managed in apps, number 2",
        ),
        (
            "[[apps]]\nname = 'az'\nclient_id = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'",
            3,
            "the id of Microsoft's Microsoft Azure CLI: client_id in apps, number 1",
        ),
    ],
)
def test_a_refusal_names_line_and_key(text: str, line: int, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_directory(text)
    message = str(caught.value)
    assert message.startswith(f"The practice directory's file, line {line}, ")
    assert said in message


def test_what_is_no_toml_has_its_line_too() -> None:
    with pytest.raises(UsageError, match=r"is not TOML: .*\(at line 3, column 1\)"):
        read_directory("a = 1\n\n= 2")


@given(
    st.text(alphabet="[]{}='\"#\n. ab1\\", max_size=60), st.lists(st.sampled_from(["a", "b", 1]))
)
def test_no_text_breaks_the_search(text: str, path: list[str | int]) -> None:
    line_of(text, tuple(path))


_KEYS = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
_VALUES = st.sampled_from(
    ["1", '"x"', "'y = 1'", '"""\n[[z]]\na = 1\n"""', "[1, # ]\n 2]", "{ a = '}' }", "'''\n]\n'''"]
)


@given(
    st.lists(st.tuples(_KEYS, st.dictionaries(_KEYS, _VALUES, max_size=4)), min_size=1, max_size=5)
)
def test_each_key_is_found_where_it_was_written(tables: list[tuple[str, dict[str, str]]]) -> None:
    text, wanted, counts = "", {}, dict[str, int]()
    for name, values in tables:
        counts[name] = counts.get(name, 0) + 1
        text += f"[[{name}]] # [[b]]\n\n"
        for key, value in values.items():
            wanted[name, counts[name], key] = text.count("\n") + 1
            text += f"{key} = {value}  # {key}\n"
    tomllib.loads(text)
    assert {path: line_of(text, path) for path in wanted} == wanted
