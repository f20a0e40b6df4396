"""Where a value comes from: the command line, then our variable, then Azure's, then the default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.cli.command_line.arguments import read_arguments
from entra_oauth.cli.command_line.declare import Option, Origins, PasteFrom, is_on, values_of
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.errors import UsageError
from kit.canaries import CLIENT_ID, TENANT
from kit.command_line import OPTIONS, call, error_of
from kit.guards import rows


def read(*arguments: str, environ: Mapping[str, str] | None = None) -> Any:
    """The verb's options, all groups in one: an attribute for each."""
    asked = read_arguments(list(arguments), environ or {})
    assert (
        values_of(asked.options).items()
        >= {option.dest: asked.values[option.dest] for option in OPTIONS[asked.verb.name]}.items()
    )
    return SimpleNamespace(**asked.values)


def given_of(*arguments: str, environ: Mapping[str, str]) -> frozenset[str]:
    origins: Any = read_arguments(list(arguments), environ).values["origins"]
    assert isinstance(origins, Origins)
    return origins.given


GUID, HERE = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de", "http://localhost:7"
FORMS = {
    "claims": "{}",
    "correlation_id": GUID,
    "env_name": "A",
    "exchange_account": GUID,
    "exchange_client_id": GUID,
    "redirect_uri": HERE,
}
"""A text for each option whose values have a form; the others take a 1, or a choice."""

# variable, its value, option, value given, what the variable makes of it
SOURCES = [
    ("ENTRA_OAUTH_TENANT", "own", "tenant", "given", "own"),
    ("ENTRA_OAUTH_CLIENT_ID", "own", "client-id", "given", "own"),
    ("ENTRA_OAUTH_SCOPE", "graph openid", "scope", "arm", ("graph openid",)),
    ("ENTRA_OAUTH_CLOUD", "china", "cloud", "usgov", "china"),
    ("ENTRA_OAUTH_AUTHORITY_HOST", "https://own", "authority-host", "https://x", "https://own"),
    ("ENTRA_OAUTH_REDIRECT_URI", HERE, "redirect-uri", "http://localhost", HERE),
    ("ENTRA_OAUTH_PORT", "7000", "port", "8000", 7000),
    ("ENTRA_OAUTH_LISTEN", "::1", "listen", "127.0.0.2", "::1"),
    ("ENTRA_OAUTH_RESPONSE_MODE", "query", "response-mode", "form_post", "query"),
    ("ENTRA_OAUTH_PROMPT", "login", "prompt", "none", "login"),
    ("ENTRA_OAUTH_LOGIN_HINT", "own", "login-hint", "given", "own"),
    ("ENTRA_OAUTH_DOMAIN_HINT", "own", "domain-hint", "given", "own"),
    ("ENTRA_OAUTH_TIMEOUT", "7", "timeout", "8", 7),
    ("ENTRA_OAUTH_HTTP_TIMEOUT", "7", "http-timeout", "8", 7),
    ("ENTRA_OAUTH_BROWSER", "own", "browser", "given", "own"),
    ("ENTRA_OAUTH_CA_BUNDLE", "own", "ca-bundle", "given", "own"),
    ("ENTRA_OAUTH_OUTPUT", "header", "output", "token", "header"),
    ("ENTRA_OAUTH_PASTE", "-", "paste", "-", "-"),
    ("ENTRA_OAUTH_WORKSPACE_URL", "own", "workspace-url", "given", "own"),
    ("ENTRA_OAUTH_FLOW", "password", "flow", "device-code", "password"),
    ("ENTRA_OAUTH_CLAIMS", "{}", "claims", '{"a":1}', "{}"),
    ("ENTRA_OAUTH_CORRELATION_ID", GUID, "correlation-id", GUID.replace("a", "b"), GUID),
    ("ENTRA_OAUTH_USERNAME", "own", "username", "given", "own"),
    ("ENTRA_OAUTH_PASSWORD_FD", "7", "password-fd", "8", 7),
    ("ENTRA_OAUTH_CLIENT_SECRET_FD", "7", "client-secret-fd", "8", 7),
    ("ENTRA_OAUTH_CERTIFICATE", "own", "certificate", "given", "own"),
    ("ENTRA_OAUTH_CERTIFICATE_ALGORITHM", "RS256", "certificate-algorithm", "PS256", "RS256"),
    ("ENTRA_OAUTH_CERTIFICATE_PASSPHRASE_FD", "7", "certificate-passphrase-fd", "8", 7),
    ("ENTRA_OAUTH_FEDERATED_TOKEN_FILE", "own", "federated-token-file", "given", "own"),
    ("AZURE_USERNAME", "azure", "username", "given", "azure"),
    ("AZURE_CLIENT_CERTIFICATE_PATH", "azure", "certificate", "given", "azure"),
    ("AZURE_FEDERATED_TOKEN_FILE", "azure", "federated-token-file", "given", "azure"),
    ("AZURE_TENANT_ID", "azure", "tenant", "given", "azure"),
    ("AZURE_CLIENT_ID", "azure", "client-id", "given", "azure"),
    ("AZURE_AUTHORITY_HOST", "https://azure", "authority-host", "https://x", "https://azure"),
]


@pytest.mark.parametrize(("variable", "text", "option", "other", "expected"), SOURCES)
def test_a_variable_gives_a_value_and_the_command_line_another(
    variable: str, text: str, option: str, other: str, expected: object
) -> None:
    dest = option.replace("-", "_")
    assert getattr(read("login", environ={variable: text}), dest) == expected
    given = read("login", f"--{option}", other, environ={variable: text})
    assert getattr(given, dest) not in (expected, None) or other == text
    assert dest in given_of("login", f"--{option}", other, environ={variable: text})
    assert dest not in given_of("login", environ={variable: text})


CAPITALS = {"tenant": TENANT.upper(), "client_id": f"{{{CLIENT_ID.upper()}}}"}
AZURE = {"tenant": "AZURE_TENANT_ID", "client_id": "AZURE_CLIENT_ID"}


@pytest.mark.parametrize(
    "verb", [verb for verb, options in OPTIONS.items() if "client-id" in {o.name for o in options}]
)
@pytest.mark.parametrize("way", ["options", "our variables", "Azure's variables", "profile"])
def test_ids_get_entras_spelling_but_where_they_are_sent_as_they_were_given(
    verb: str, way: str, tmp_path: Path
) -> None:
    words, environ = verb.split(), {}
    if way == "options":
        words += [f"--{name.replace('_', '-')}={value}" for name, value in CAPITALS.items()]
    elif way == "our variables":
        environ = {f"ENTRA_OAUTH_{name.upper()}": value for name, value in CAPITALS.items()}
    elif way == "Azure's variables":
        environ = {AZURE[name]: value for name, value in CAPITALS.items()}
    elif "profile" in {option.name for option in OPTIONS[verb]}:
        Profiles(str(tmp_path / "config.toml")).put(Profile("work", CAPITALS))
        environ = {"ENTRA_OAUTH_CONFIG": str(tmp_path / "config.toml")}
    else:
        return
    args = read(*words, *(("--", "x") if verb in ("run", "practice run") else ()), environ=environ)
    as_given = verb in ("mirror", "authorize-url", "exchange")
    assert args.client_id == (CAPITALS["client_id"] if as_given else CLIENT_ID)
    assert args.tenant == (CAPITALS["tenant"] if as_given else TENANT)


# A profile must exist to be named.
@rows.every(
    (verb, option)
    for verb, options in OPTIONS.items()
    for option in options
    if option.key != "profile" and not option.is_typed_only
)
def test_every_option_can_come_from_a_variable_of_its_name(verb: str, option: Option) -> None:
    text = option.choices[0] if option.choices else FORMS.get(option.dest, "1")
    program = ["--", "x"] if verb in ("run", "practice run") else []
    args = read(*verb.split(), *program, environ={option.variable: text})
    assert getattr(args, option.dest) in (True, 1, text, (text,), PasteFrom.PROMPT)
    assert option.variable == f"ENTRA_OAUTH_{option.key.upper().replace('-', '_')}"


def test_an_option_that_says_what_is_run_comes_from_the_command_line_alone(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[profile.work]\nfederated_token_command = "[]"\n')
    typed = {option.dest for each in OPTIONS.values() for option in each if option.is_typed_only}
    assert typed == {"federated_token_command"}
    variable = {"ENTRA_OAUTH_FEDERATED_TOKEN_COMMAND": "[]"}
    assert read("token", environ=variable).federated_token_command is None
    with pytest.raises(UsageError, match="no value federated_token_command"):
        read("token", "--profile", "work", environ={"ENTRA_OAUTH_CONFIG": str(config)})
    assert read("token", "--federated-token-command", "[]").federated_token_command == "[]"


@pytest.mark.parametrize("name", ["TENANT", "CLIENT_ID"])
def test_our_variable_comes_before_azures(name: str) -> None:
    azure = f"AZURE_{name}" if name.endswith("ID") else f"AZURE_{name}_ID"
    args = read("login", environ={azure: "azure", f"ENTRA_OAUTH_{name}": "own"})
    assert getattr(args, name.lower()) == "own"


def test_an_empty_variable_is_no_variable() -> None:
    args = read("login", environ={"ENTRA_OAUTH_TENANT": "", "AZURE_TENANT_ID": "azure"})
    assert args.tenant == "azure"
    assert read("login", environ={"ENTRA_OAUTH_PORT": ""}).port is None


@pytest.mark.parametrize(
    ("text", "on"),
    [("1", True), ("yes", True), ("TRUE", True), ("0", False), ("No", False), ("off", False)],
)
def test_a_variable_switches_a_flag(text: str, on: bool) -> None:
    assert is_on(text) is on
    assert read("login", environ={"ENTRA_OAUTH_NO_BROWSER": text}).no_browser is on
    assert read("login", environ={"ENTRA_OAUTH_QUIET": text}).quiet is on
    assert read("login", environ={"ENTRA_OAUTH_PASTE": text}).paste == ("" if on else None)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ENTRA_OAUTH_PORT", "70000"),
        ("ENTRA_OAUTH_TIMEOUT", "soon"),
        ("ENTRA_OAUTH_CLOUD", "a-code-in-the-place-of-a-cloud"),
        ("ENTRA_OAUTH_TENANT", "a\x1b[31mb"),
        ("AZURE_CLIENT_ID", "a\nb"),
        ("ENTRA_OAUTH_OUTPUT", "a-code-in-the-place-of-a-format"),
        ("ENTRA_OAUTH_ALLOW_KEYLOG", "never"),
        ("ENTRA_OAUTH_QUIET", "yes please"),
        ("ENTRA_OAUTH_TENANT", " "),
    ],
)
def test_the_error_names_the_variable_at_fault_and_not_its_value(variable: str, text: str) -> None:
    with pytest.raises(UsageError) as refused:
        read("login", environ={variable: text})
    assert refused.value.what.startswith(f"{variable} ")
    assert text not in str(refused.value) or text == " "


# ---- options that exclude each other ------------------------------------------------

HOSTS = {"AZURE_AUTHORITY_HOST": "https://azure.example"}
OWN = {"ENTRA_OAUTH_AUTHORITY_HOST": "https://own.example"}
AUTHORITIES: list[tuple[tuple[str, ...], dict[str, str], str]] = [
    ((), {}, "https://login.microsoftonline.com"),
    ((), HOSTS, "https://azure.example"),
    (("--cloud", "china"), HOSTS, "https://login.partner.microsoftonline.cn"),
    (("--cloud", "public"), HOSTS, "https://login.microsoftonline.com"),
    ((), {**HOSTS, "ENTRA_OAUTH_CLOUD": "usgov"}, "https://login.microsoftonline.us"),
    ((), {**HOSTS, **OWN}, "https://own.example"),
    (("--cloud", "usgov"), OWN, "https://login.microsoftonline.us"),
    (
        ("--authority-host", "given.example"),
        {"ENTRA_OAUTH_CLOUD": "china"},
        "https://given.example",
    ),
]


@pytest.mark.parametrize(("options", "environ", "base"), AUTHORITIES)
def test_of_cloud_and_host_the_one_named_nearer_counts(
    options: tuple[str, ...], environ: dict[str, str], base: str
) -> None:
    args = read("login", "--tenant", "common", *options, environ=environ)
    assert authority_of(args).base == base


def test_of_browser_and_no_browser_the_one_named_nearer_counts() -> None:
    args = read("login", "--browser", "x", environ={"ENTRA_OAUTH_NO_BROWSER": "1"})
    assert (args.browser, args.no_browser) == ("x", False)
    args = read("login", "--no-browser", environ={"ENTRA_OAUTH_BROWSER": "x"})
    assert (args.browser, args.no_browser) == (None, True)


def test_two_variables_that_exclude_each_other_are_a_mistake() -> None:
    with pytest.raises(UsageError) as refused:
        read("login", environ={**OWN, "ENTRA_OAUTH_CLOUD": "china"})
    assert refused.value.what == (
        "ENTRA_OAUTH_CLOUD and ENTRA_OAUTH_AUTHORITY_HOST exclude each other."
    )


@pytest.mark.parametrize(
    ("options", "environ", "output", "as_json"),
    [
        ((), {}, "summary", False),
        (("--json",), {}, "json", True),
        (("-o", "json"), {}, "json", True),
        (("--json",), {"ENTRA_OAUTH_OUTPUT": "token"}, "json", True),
        (("-o", "token"), {"ENTRA_OAUTH_JSON": "1"}, "token", False),
        ((), {"ENTRA_OAUTH_JSON": "1"}, "json", True),
        ((), {"ENTRA_OAUTH_OUTPUT": "json"}, "json", True),
    ],
)
def test_json_and_output_agree(
    options: tuple[str, ...], environ: dict[str, str], output: str, as_json: bool
) -> None:
    args = read("login", *options, environ=environ)
    assert (args.output, args.json) == (output, as_json)


def test_a_sign_ins_port_is_not_the_practice_tenants() -> None:
    assert read("practice", "serve", environ={"ENTRA_OAUTH_PORT": "8400"}).port is None
    args = read("practice", "serve", environ={"ENTRA_OAUTH_PRACTICE_PORT": "8400"})
    assert args.port == 8400


def test_variables_are_read_by_the_program_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", "azure.example")
    monkeypatch.setenv("ENTRA_OAUTH_CLIENT_ID", "an app")
    ran = call("mirror", "--print")
    assert "/azure.example/oauth2/v2.0/authorize?client_id=an+app&" in ran.out
    monkeypatch.setenv("ENTRA_OAUTH_JSON", "1")
    ran = call("mirror", "--print", "--nonsense")
    assert ran.err.startswith('{"schema": "entra-oauth/error/1"')
    monkeypatch.setenv("ENTRA_OAUTH_JSON", "0")
    assert error_of(call("mirror", "--print", "--nonsense"))


_ANYTHING = st.text(min_size=1, max_size=40)


@given(st.sampled_from(sorted({"client-id", "login-hint", "state", "scope", "tenant"})), _ANYTHING)
def test_any_text_is_sent_as_it_is_or_refused_in_one_sentence(name: str, text: str) -> None:
    ran = call("mirror", "--print", "--tenant", "common", "--client-id", "x", f"--{name}={text}")
    if ran.code == 0:
        assert ran.out.startswith("https://login.microsoftonline.com/")
        assert ran.out.isascii()
    else:
        error_of(ran)
        assert ran.code == 2


@pytest.mark.parametrize(
    ("given", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86_400)]
)
def test_a_number_of_seconds_may_be_given_in_larger_units(given: str, seconds: int) -> None:
    options = read_arguments(["login", "--timeout", given, "--http-timeout", given], {}).options
    assert (options.page.timeout, options.network.http_timeout) == (seconds, seconds)
    by_variable = read_arguments(["token"], {"ENTRA_OAUTH_MIN_VALIDITY": given}).options
    assert by_variable.renew.min_validity == seconds
