"""How the work of each room grows with its input: seconds of the processor, and the exponent.

    python benchmarks/growth.py [--quick] [--room NAME]

Writes a Markdown table to standard output; `redaction.py` does the same for redaction. An exponent
of 1 means: twice the input, twice the work; that of the last row counts, for what does not
grow weighs least there. The best of three counts.
"""

from __future__ import annotations

import argparse
import gc
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from entra_oauth.audit import case_of, findings_of, lint
from entra_oauth.cache.account import Account, App, CachedToken
from entra_oauth.cache.file_store import FileStore
from entra_oauth.channels.exchange import Exchange
from entra_oauth.practice import PracticeBrowser, PracticeTenant
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
from entra_oauth.protocol.endpoints.token import TokenRequest
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Recorder, Recording
from entra_oauth.recording.har.har_select import import_foreign
from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.importing.entries import GivenFile
from entra_oauth.recording.importing.readers import read_given
from entra_oauth.recording.report.report_page import as_html
from entra_oauth.recording.save import evidence_of, finished_files
from entra_oauth.recording.step import Evidence, Level, steps_of
from entra_oauth.recording.store import load, write

Work = Callable[[], object]

_TODAY = date(2026, 1, 1)
_USER, _PASSWORD = "alice@contoso-practice.example", "practice"
SIZES = (40, 80, 160, 320)
"""Sign-ins, or accounts. The linter judges a thousand messages at most, which are 333 sign-ins."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="small inputs, to see that it works")
    options.add_argument("--room", choices=ROOMS, action="append", help="this one alone")
    chosen = options.parse_args()
    sizes = SIZES[:2] if chosen.quick else SIZES
    most = sign_ins(sizes[-1])
    print("| room | input | CPU s | exponent |")
    print("|---|---|---|---|")
    for room in chosen.room or ROOMS:
        before: tuple[int, float] | None = None
        for count in sizes:
            seconds = _measured(room, count, first(count, most))
            grown = ""
            if before:
                times = math.log(seconds / before[1])
                grown = f"{times / math.log(count / before[0]):.2f}"
            print(f"| {room} | {count:,} | {seconds:.3f} | {grown} |", flush=True)
            before = count, seconds


def first(count: int, recording: Recording) -> Recording:
    """The first so many sign-ins of a recording, each of which has three exchanges."""
    return replace(recording, exchanges=recording.exchanges[: 3 * count])


def _measured(room: str, count: int, recording: Recording) -> float:
    best = math.inf
    for _ in range(3):
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            work = ROOMS[room](count, recording, Path(folder))
            gc.collect()
            began = time.process_time()
            work()
            best = min(best, time.process_time() - began)
    return best


def _memory() -> str | None:
    """A folder that is no disk, so that no time goes by in waiting for one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


# ---- input -------------------------------------------------------------------------------


def sign_ins(count: int) -> Recording:
    """A recording of so many sign-ins, each with secrets of its own."""
    tenant, recorder = PracticeTenant(), Recorder()
    for number in range(count):
        _sign_in(tenant, recorder, at=1_700_000_000.0 + 10 * number)
    return recorder.recording


def _sign_in(tenant: PracticeTenant, recorder: Recorder, *, at: float) -> None:
    request = AuthorizationRequest.hardened(
        authority=Authority.of(ARTICLE_TENANT_ID),
        client_id=ARTICLE_CLIENT_ID,
        redirect_uri="http://localhost",
        response_mode="query",
        scopes=(f"{DATABRICKS}/.default",),
    )
    came: list[HttpRequest] = []

    def send(asked: HttpRequest) -> HttpResponse:
        if asked.url.startswith("http://localhost"):
            came.append(asked)
            return HttpResponse(status=200)
        return tenant.handle(asked)

    PracticeBrowser(send, _USER, _PASSWORD).open(request.url)
    answer = AuthorizationResponse.read(came[0], answering=request)
    token = TokenRequest.redeem(answer).to_http()
    recorder.pasted(request.url, came[0], at=at)
    recorder.keep(
        Exchange(request=token, response=tenant.handle(token), started_at=at + 1, ended_at=at + 1.2)
    )


def _evidence(recording: Recording) -> Evidence:
    return evidence_of(recording, level=Level.SECRETS, created_at=0.0)


# ---- rooms -------------------------------------------------------------------------------


def _import(count: int, recording: Recording, scratch: Path) -> Work:
    """From the bytes of a HAR file to evidence without secrets."""
    plain = Evidence(steps=steps_of(recording), created_at=0.0, level=Level.NONE)
    data = har_text(plain).encode()
    return lambda: import_foreign(
        read_given(GivenFile(data=data)), level=Level.SECRETS, created_at=0.0, facts={}
    )


def _lint(count: int, recording: Recording, scratch: Path) -> Work:
    return lambda: lint(case_of(recording), today=_TODAY)


def _report(count: int, recording: Recording, scratch: Path) -> Work:
    evidence = _evidence(recording)
    findings = findings_of(lint(case_of(recording), today=_TODAY))
    return lambda: as_html(evidence, findings=findings)


def _recording(count: int, recording: Recording, scratch: Path) -> Work:
    """From what passed to the files that may be written."""
    return lambda: finished_files(_evidence(recording), recording)


def _folder(count: int, recording: Recording, scratch: Path) -> Work:
    """Those files written and read again with suspicion."""
    files = finished_files(_evidence(recording), recording)

    def write_and_read() -> None:
        write(files, scratch / "rec")
        load(scratch / "rec")

    return write_and_read


def _store(count: int, recording: Recording, scratch: Path) -> Work:
    """So many accounts saved in the token store, and listed."""
    store = FileStore(str(scratch / "tokens"))
    app = App("https://login.microsoftonline.com", ARTICLE_TENANT_ID, ARTICLE_CLIENT_ID)
    token = CachedToken(text="x" * 2000, expires_on=9, arrived_at=1, arrived_on_clock=0)

    def save_and_list() -> None:
        for number in range(count):
            who = Account(name=f"user{number}@example.test", refresh_token="1.x" * 300)
            store.save(app, who, f"{DATABRICKS}/.default", token, signed_in=True)
        assert len(store.accounts()) == count

    return save_and_list


ROOMS: dict[str, Callable[[int, Recording, Path], Work]] = {
    "import": _import,
    "lint": _lint,
    "report": _report,
    "recording": _recording,
    "folder of a recording": _folder,
    "token store": _store,
}

if __name__ == "__main__":
    main()
