"""What a sign-in costs beyond the person's own time: this tool beside msal.

    python benchmarks/sign_in.py [rounds]

Both sign in on the practice tenant over TLS, in turns, each in a process of its
own, with a scripted person who takes 0.3 s. Measured, in milliseconds:

    open     process start to browser started
    redeem   the browser sends the redirect, to the token request at the authority
    finish   the browser sends the redirect, to the process gone
    added    open + finish: all that the tool adds

Medians, and the median of the ratios within a round.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
CLIENT = "12a34b56-789c-0d12-e3fa-b456789c0123"
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
PERSON_S = 0.3
COLUMNS = ("open", "redeem", "finish", "added")

MSAL = textwrap.dedent(
    """
    import sys
    from msal import PublicClientApplication
    host, tenant, client, scope = sys.argv[1:5]
    app = PublicClientApplication(
        client, authority=f"{host}/{tenant}", instance_discovery=False)
    result = app.acquire_token_interactive(scopes=[scope])
    print(result["access_token"])
    """
)


class Stopwatch(PracticeTenant):
    """The practice tenant, noting when a token request arrived."""

    token_at = 0.0

    def handle(self, request: HttpRequest) -> HttpResponse:
        if request.path.endswith("/token"):
            self.token_at = time.perf_counter()
        return super().handle(request)


@dataclass(frozen=True)
class Contestant:
    name: str
    command: list[str]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        tenant = Stopwatch()
        with serve(tenant, tls=True) as hosted:
            contestants = _contestants(hosted.base_url, hosted.ca_file, Path(folder))
            for contestant in contestants:
                _measure(contestant, tenant, hosted.ca_file, Path(folder))  # fills the caches
            results: dict[str, list[dict[str, float]]] = {c.name: [] for c in contestants}
            for _ in range(rounds):
                for contestant in contestants:
                    figures = _measure(contestant, tenant, hosted.ca_file, Path(folder))
                    results[contestant.name].append(figures)
    _print(results)


def _contestants(base_url: str, ca_file: str, folder: Path) -> list[Contestant]:
    script = folder / "with_msal.py"
    script.write_text(MSAL, encoding="utf-8")
    ours = [sys.executable, "-m", "entra_oauth", "login", "-q", "-o", "token"]
    ours += ["--authority-host", base_url, "--tenant", TENANT, "--client-id", CLIENT]
    ours += ["--ca-bundle", ca_file]
    return [
        Contestant("entra-oauth", ours),
        Contestant("msal", [sys.executable, str(script), base_url, TENANT, CLIENT, SCOPE]),
    ]


def _measure(
    contestant: Contestant, tenant: Stopwatch, ca_file: str, folder: Path
) -> dict[str, float]:
    pipe = folder / "url"
    opener = folder / "open-url"
    if not pipe.exists():
        os.mkfifo(pipe)
        opener.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{pipe}"\n', encoding="utf-8")
        opener.chmod(0o700)
    environment = dict(os.environ, BROWSER=str(opener), REQUESTS_CA_BUNDLE=ca_file)
    started = time.perf_counter()
    process = subprocess.Popen(
        contestant.command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    url = pipe.read_text(encoding="utf-8")
    opened = time.perf_counter()
    time.sleep(PERSON_S)
    redirected = _sign_in(url, ca_file)
    out, err = process.communicate(timeout=60)
    gone = time.perf_counter()
    if process.returncode or out.count(b".") != 2:
        raise SystemExit(f"{contestant.name} failed:\n{err.decode()}")
    finish = (gone - redirected) * 1000
    opening = (opened - started) * 1000
    return {
        "open": opening,
        "redeem": (tenant.token_at - redirected) * 1000,
        "finish": finish,
        "added": opening + finish,
    }


def _sign_in(url: str, ca_file: str) -> float:
    """Sign in; return when the redirect was sent to the listener."""
    at: list[float] = []

    def send(request: HttpRequest) -> HttpResponse:
        if request.url.startswith("http://") and not at:
            at.append(time.perf_counter())
        return http_send(request, ca_file=ca_file)

    PracticeBrowser(send, "alice@contoso-practice.example", "practice").open(url)
    return at[0]


def _print(results: dict[str, list[dict[str, float]]]) -> None:
    print(f"{'':<14}" + "".join(f"{column:>10}" for column in COLUMNS))
    for name, rows in results.items():
        medians = (statistics.median(row[column] for row in rows) for column in COLUMNS)
        print(f"{name:<14}" + "".join(f"{median:>10.1f}" for median in medians))
    pairs = list(zip(results["entra-oauth"], results["msal"], strict=True))
    ratios = (statistics.median(a[c] / b[c] for a, b in pairs) for c in COLUMNS)
    print(f"{'ratio':<14}" + "".join(f"{ratio:>10.3f}" for ratio in ratios))


if __name__ == "__main__":
    main()
