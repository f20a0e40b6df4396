"""Names of requests to be compared: steps, HAR entries, raw files, references; and bad names."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from entra_oauth.errors import EntraOAuthError, LocalError, UsageError
from entra_oauth.recording.compare.named_step import masking, named_step, pair, shown, split_name
from entra_oauth.recording.compare.references import CAPTURED, captured, is_reference
from entra_oauth.recording.har.har_write import har_text
from kit import recordings as kit
from kit.canaries import CODE, STATE, assert_clean

GOLDEN = Path(__file__).parents[2] / "golden"


def test_a_captured_request_is_what_was_captured() -> None:
    golden = (GOLDEN / "curl_article.request.bin").read_bytes()
    assert bytes(captured("curl:7.88").message) == golden
    sizes = {name: len(bytes(captured(name).message)) for name in CAPTURED}
    assert sizes == {
        "authlib:1.9": 445,
        "curl:7.88": 417,
        "httpx:0.28": 481,
        "msal:1.39": 832,
        "requests:2.34": 484,
    }
    digest = hashlib.sha256(bytes(captured("msal:1.39").message)).hexdigest()
    assert digest == "1851e95cd44d6b5260baf622d28ec4620d93c508f1231ca9d1c8a6bfd815b1e8"


def test_two_references_stand_as_they_were_captured() -> None:
    a, b = pair("article:curl", "msal:1.39")
    assert (len(bytes(a.message)), len(bytes(b.message))) == (417, 832)
    assert (a.label, b.label) == ("article:curl", "msal:1.39")


def test_a_reference_takes_over_what_only_names_the_app_the_code_and_the_host(
    tmp_path: Path,
) -> None:
    folder = kit.written(tmp_path / "rec")
    step, other = pair(f"{folder}#3", "msal:1.39")
    assert "taken over from the other one: host and path, client_id, code" in other.remark
    message = other.message
    assert message.header("content-length") == str(len(message.body))
    assert message.header("user-agent") == "python-requests/2.34.2"
    assert message.start == step.message.start
    assert b"client_info=1" in message.body
    assert b"%3A51234" not in message.body


def test_an_entry_of_our_own_har_is_the_step_to_the_byte(tmp_path: Path) -> None:
    folder = kit.written(tmp_path / "rec")
    file = tmp_path / "x.har"
    file.write_text(har_text(kit.evidence()))
    a, b = pair(f"{folder}#3", f"{file}#3")
    assert bytes(a.message) == bytes(b.message)
    assert b.exact


BAD = [
    ("rec", UsageError, "one step is wanted"),
    ("rec#9", UsageError, "no step 9"),
    ("rec#x", UsageError, "does not end in a number"),
    ("rec#", UsageError, "does not end in a number"),
    ("none", LocalError, "cannot be read"),
    ("none#1", LocalError, "cannot be read"),
    ("x.har", UsageError, "one entry is wanted"),
    ("x.har#9", UsageError, "no exchange 9"),
    ("x.har#0", UsageError, "no exchange 0"),
    ("a.txt", UsageError, "is no HTTP request"),
    ("a.txt#1", UsageError, "This is no HAR file"),
    ("empty", UsageError, "is no HTTP request"),
    ("msal:9.9", UsageError, "no reference msal:9.9"),
    ("rec#2", UsageError, "cannot be rendered"),
]


@pytest.mark.parametrize(("name", "kind", "said"), BAD)
def test_a_name_that_means_nothing_is_refused(
    name: str,
    kind: type[EntraOAuthError],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kit.written(tmp_path / "rec")
    (tmp_path / "x.har").write_text(json.dumps({"log": {"entries": []}}))
    (tmp_path / "a.txt").write_text(f"code={CODE}&state={STATE}")
    (tmp_path / "empty").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=said) as caught:
        pair(name, "article:curl")
    assert_clean(caught.value)


def test_a_file_may_have_a_number_sign_in_its_name(tmp_path: Path) -> None:
    file = tmp_path / "a#b"
    file.write_text("")
    assert split_name(str(file)) == (file, None)
    assert split_name("rec#4") == (Path("rec"), 4)


def test_what_is_written_like_a_reference_is_a_file_if_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("msal:1.39").write_bytes(kit.token_bytes())
    assert bytes(pair("msal:1.39", "curl:7.88")[0].message) == kit.token_bytes()
    assert is_reference("msal:1.39")
    assert not is_reference("C:" + r"\recordings\one")


def test_a_step_is_found_by_its_number(tmp_path: Path) -> None:
    evidence, step = named_step(f"{kit.written(tmp_path / 'rec')}#3")
    assert (step.name, len(evidence.steps)) == ("token", 4)


def test_what_is_shown_of_a_raw_file_holds_no_secret() -> None:
    mask = masking()
    lines = [
        shown(mask, "header", "Authorization", f"Bearer {kit.TOKEN}"),
        shown(mask, "header", "Cookie", f"a={kit.COOKIE}"),
        shown(mask, "parameter", "code", CODE),
        shown(mask, "target", "", f"/?code={CODE}&state={STATE}"),
        shown(mask, "target", "", f"http://h/?code={CODE}&state={STATE}"),
    ]
    assert_clean(lines)
    assert shown(mask, "parameter", "grant_type", "authorization_code") == "authorization_code"
    assert shown(mask, "parameter", "code", CODE) == lines[2]
