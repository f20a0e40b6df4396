"""The program that other tools find, as Windows' own shell reads it."""

from __future__ import annotations

import pytest

from entra_oauth.cli.use_tokens import shim
from entra_oauth.errors import LocalError


def test_cmd_reads_each_percent_sign_as_one_and_lines_end_as_there() -> None:
    written = shim._for_windows(["C:\\100%\\python.exe", "%PATH%"], "az.cmd", "cp850")
    assert written.count(b"\r\n") == written.count(b"\n") == 3
    assert b'"C:\\100%%\\python.exe" "%%PATH%%" -- %*\r\n' in written


@pytest.mark.parametrize(
    ("encoding", "bytes_"),
    [("cp850", b"J\x81rgen"), ("cp1252", b"J\xfcrgen"), ("cp65001", b"J\xc3\xbcrgen")],
)
def test_it_is_written_in_the_consoles_code_page(encoding: str, bytes_: bytes) -> None:
    written = shim._for_windows(["C:\\Jürgen\\python.exe"], "az.cmd", encoding)
    assert b"\\" + bytes_ + b"\\" in written


@pytest.mark.parametrize(
    ("tool", "windows", "line"),
    [
        ("az", True, '$env:PATH = "C:\\my bin;$env:PATH"'),
        ("az", False, 'export PATH="C:\\my bin:$PATH"'),
        ("databricks", True, '$env:DATABRICKS_CLI_PATH = "C:\\my bin\\x"'),
        ("databricks", False, "export DATABRICKS_CLI_PATH='C:\\my bin\\x'"),
    ],
)
def test_how_it_is_found_is_said_for_the_shell_of_the_system(
    tool: str, windows: bool, line: str
) -> None:
    assert shim._use(tool, "C:\\my bin", "C:\\my bin\\x", windows=windows).endswith(f": {line}")


def test_what_the_code_page_lacks_is_named_with_the_way_out() -> None:
    with pytest.raises(LocalError, match=r"az\.cmd cannot be written: the code page cp850 lacks Ж"):
        shim._for_windows(["C:\\Ж\\python.exe"], "az.cmd", "cp850")
