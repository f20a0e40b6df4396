"""mitmproxy's flow files, made by hand here; `tests/against` has those of the program."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import UsageError
from entra_oauth.recording.importing.containers.tnetstring import tagged_values
from entra_oauth.recording.save import finished_files
from kit.canaries import CODE, refused
from kit.foreign.files import ANSWER, MESSAGES, PLANTED, brought, flow, flows, imported, tagged
from kit.sweep import assert_swept


def test_a_sign_in_is_read_from_its_flows() -> None:
    file = brought(flows())
    assert (file.version, file.creator) == ("21", "mitmproxy")
    token = file.entries[2]
    assert token.request.url.startswith("https://login.microsoftonline.com/a1bc2d34")
    assert token.request.body == MESSAGES[2][1].partition(b"\r\n\r\n")[2]
    assert token.response is not None
    assert token.response.body == ANSWER
    assert [v for n, v in token.response.headers if n == "Set-Cookie"][1] == "x-ms=1"
    assert token.response.header("transfer-encoding") is None
    assert (token.started_at, token.duration_s) == (1764000001.0, 0.5)
    link = token.link
    assert (link.peer, link.tls_version, link.alpn) == ("192.0.2.7:443", "TLSv1.3", "h2")
    assert (link.times.send, link.times.wait, link.times.receive) == (0.125, 0.125, 0.25)


def test_what_is_imported_of_flows_holds_no_secret() -> None:
    done = imported(flows())
    assert [s.name for s in done.evidence.steps] == ["authorize", "redirect", "token"]
    for data in finished_files(done.evidence, done.recording).values():
        assert_swept(data, [*PLANTED, CODE])


def _flow(part: str = "", **more: Any) -> dict[str, Any]:
    """The token request's; `more` changes that part of it, or the whole."""
    whole = flow(*MESSAGES[2])
    return whole | ({part: whole[part] | more} if part else more)


def test_the_older_names_of_the_connection_are_known() -> None:
    old = {"ip_address": ["::1", 8443, 0, 0], "cipher_name": "A"}
    (entry,) = brought(tagged(_flow(version=18, server_conn=old))).entries
    assert (entry.link.peer, entry.link.cipher) == ("[::1]:8443", "A")


def test_names_are_known_as_bytes_as_well() -> None:
    def coded(value: Any) -> Any:
        if isinstance(value, dict):
            return {name.encode(): coded(each) for name, each in value.items()}
        return value

    (entry,) = brought(tagged(coded(_flow(version=4)))).entries
    assert entry.request.method == "POST"


ADDRESSES = [
    ({"authority": b"a.example"}, "https://a.example/"),
    ({"headers": [[b"Host", b"b.example:8443"]]}, "https://b.example:8443/"),
    ({"headers": [], "host": "c.example", "port": 443}, "https://c.example/"),
    ({"headers": [], "host": b"::1", "port": 8400, "scheme": b"http"}, "http://[::1]:8400/"),
]


@pytest.mark.parametrize(("asked", "url"), ADDRESSES)
def test_the_host_is_the_one_that_the_client_named(asked: dict[str, Any], url: str) -> None:
    (entry,) = brought(tagged(_flow("request", path=b"/", **asked))).entries
    assert entry.request.url == url


def test_a_body_that_was_streamed_is_not_an_empty_one() -> None:
    (entry,) = brought(tagged(_flow("request", content=None))).entries
    assert (entry.request.body, entry.body_exact) == (b"", False)


@pytest.mark.parametrize("at", [-1.0, 0, 1e12, True, None, "x", [1]])
def test_a_time_that_is_none_is_not_known(at: Any) -> None:
    (entry,) = brought(tagged(_flow("request", timestamp_start=at))).entries
    if at is not True:  # a second after 1970 began
        assert (entry.started_at, entry.duration_s, entry.link.times.send) == (0.0, 0.0, None)


@pytest.mark.parametrize("status", [0, 99, 600, -1, None, True, "200", 200.0])
def test_a_status_that_is_none_is_no_answer(status: Any) -> None:
    (entry,) = brought(tagged(_flow("response", status_code=status))).entries
    assert entry.response is None


@pytest.mark.parametrize("server", [{}, None, {"peername": []}, {"peername": None, "alpn": b""}])
def test_what_is_not_known_of_the_connection_is_left_open(server: Any) -> None:
    (entry,) = brought(tagged(_flow(server_conn=server))).entries
    link = entry.link
    assert (link.peer, link.tls_version, link.cipher, link.alpn) == (None, None, None, None)


def test_flows_changed_by_hand_sent_again_or_of_other_kinds_are_said() -> None:
    changed, again = _flow(backup={"a": 1}), _flow(is_replay="request")
    older = _flow("request", is_replay=True)
    file = brought(b"".join(map(tagged, (changed, again, older, _flow(type="dns"), _flow()))))
    assert [entry.number for entry in file.entries] == [1, 2, 3, 5]
    said = "\n".join(imported(tagged(changed)).evidence.not_seen)
    assert "Entry 1 was changed by hand" in said
    assert [line[:12] for line in file.not_kept[2:]] == [
        "Entry 1 was ",
        "Entry 2 was ",
        "Entry 3 was ",
    ]
    assert file.not_kept[1] == "Flows of dns are no exchanges: 1 were left out."


def test_a_flow_that_is_no_request_is_one_that_is_not_understood() -> None:
    junk: list[dict[str, Any]] = [{"request": None}, {"request": {"headers": 3}}, {"request": 1}]
    file = brought(b"".join(tagged(_flow(**each)) for each in junk) + tagged(_flow()))
    assert file.unusable == (1, 2, 3)


def _nested(levels: int) -> bytes:
    data = b""
    for _ in range(levels):
        data = b"%d:%s]" % (len(data), data)
    return data


REFUSED = [
    (flows()[:-1], "cannot be read at byte"),
    (flows()[: len(flows()) // 2], "it breaks off"),
    (tagged(_flow()) + b"x", "there is no length"),
    (tagged(_flow()) + b"05:12345,", "there is no length"),
    (tagged(_flow()) + b"999999999:1,", "it breaks off"),
    (tagged(_flow()) + b"9999999999:1,", "there is no length"),
    (tagged(_flow()) + b"1:1?", "its type is not known"),
    (tagged(_flow()) + b"2:1x#", "its type is not known"),
    (tagged(_flow()) + b"3:nan^", "its type is not known"),
    (tagged(_flow()) + b"5:1e999^", "its type is not known"),
    (tagged(_flow()) + b"30:" + b"9" * 30 + b"#", "its type is not known"),
    (tagged(_flow()) + b"1:1~", "its type is not known"),
    (tagged(_flow()) + b"3:0:~}", "a name has no value"),
    (tagged(_flow()) + b"6:0:~0:~}", "a name is no text"),
    (tagged(_flow()) + b"14:1:a;0:~1:a;0:~}", "stands twice"),
    (tagged(_flow()) + b"3:1_0^", "its type is not known"),
    (tagged(_flow()) + b"3:yes!", "its type is not known"),
    (tagged(_flow()) + _nested(21), "nested more than 20 deep"),
    (tagged(_flow()) + b"0:]", "Flow 2 of the flow file of mitmproxy is none"),
    (tagged(_flow(version=22)), "is of form 22; up to 21 is read"),
    (tagged(_flow(version=3)), "too old"),
    (tagged(_flow(version=[0, 18])), "too old"),
    (tagged(_flow(version=None)), "too old"),
    (b"6:length;,4419:9:websocket;0:~8:response;", "mitmproxy cannot be read at byte"),
]


@pytest.mark.parametrize(("data", "said"), REFUSED)
def test_a_flow_file_that_is_broken_is_refused_with_its_place(data: bytes, said: str) -> None:
    with refused(UsageError) as caught:
        brought(data)
    assert said in caught.value.what
    assert "mitm" in caught.value.what


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.sampled_from([0.5, -2.25, 1764000001.125])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
    | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.lists(VALUES, max_size=3))
def test_what_was_written_comes_back(values: list[Any]) -> None:
    assert tagged_values(b"".join(map(tagged, values)), name="x", advice="y.") == values


def test_what_is_nested_as_deeply_as_it_may_be_is_read() -> None:
    assert len(tagged_values(_nested(20), name="x", advice="y.")) == 1


@given(VALUES)
def test_a_flow_of_anything_breaks_nothing(value: Any) -> None:
    whole = _flow()
    for part in ("request", "response", "server_conn", "type", "backup"):
        brought(tagged(whole | {part: value}))
    for name in whole["request"]:
        brought(tagged(_flow("request", **{name: value})))
    for name in whole["response"]:
        brought(tagged(_flow("response", **{name: value})))
