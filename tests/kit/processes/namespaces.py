"""Network namespaces of their own: a pod's, and two machines with a cable between them.

They need no rights beyond what Linux gives to whoever may make a user namespace. In each there
is no other network, so nothing that runs there can leave this machine.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from kit import needs

__all__ = ["NEEDED", "Namespace", "on_machine_of_arc", "pair"]

_PATIENCE_S = 60.0
_ENTER = ("--user", "--net", "--preserve-credentials", "--")


@dataclass(frozen=True, slots=True)
class Namespace:
    """One of them; `address` is what the other one reaches it by."""

    pid: int
    address: str

    def command(self, *command: str) -> list[str]:
        """The same command, to be run inside."""
        return ["nsenter", "--target", str(self.pid), *_ENTER, *command]

    def run(
        self, *command: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it inside, to its end."""
        return subprocess.run(
            self.command(*command),
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )

    @contextmanager
    def running(
        self, *command: str, env: Mapping[str, str] | None = None, stdout: bool = False
    ) -> Iterator[subprocess.Popen[str]]:
        """Run it inside until the block ends; one of its streams is heard."""
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        with subprocess.Popen(
            self.command(*command),
            env=env,
            stdin=null,
            stdout=pipe if stdout else null,
            stderr=null if stdout else pipe,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.terminate()

    def set_up(self, *commands: str) -> None:
        """Run these inside, as `ip` for instance. Each has to end well."""
        for command in commands:
            done = self.run(*command.split())
            assert done.returncode == 0, done.stderr


@contextmanager
def pair() -> Iterator[tuple[Namespace, Namespace]]:
    """Two that reach each other by a cable, and nothing else."""
    with ExitStack() as opened:
        one = Namespace(opened.enter_context(_held(["unshare", "--map-root-user"])), "10.7.0.1")
        two = Namespace(opened.enter_context(_held(one.command("unshare"))), "10.7.0.2")
        one.set_up(f"ip link add cable0 type veth peer name cable1 netns {two.pid}")
        for number, each in enumerate((one, two)):
            each.set_up(
                "ip link set lo up",
                f"ip addr add {each.address}/24 dev cable{number}",
                f"ip link set cable{number} up",
            )
        yield one, two


_MACHINE_OF_ARC = """\
mount -t tmpfs tmpfs /var/opt && mkdir -p /var/opt/azcmagent/tokens || exit
printf %s "$ARC_KEY" > /var/opt/azcmagent/tokens/practice.key && exec "$@"
"""


def on_machine_of_arc(*command: str) -> list[str]:
    """The same command, where Azure Arc's agent has its folder, and in it the `ARC_KEY`.

    The folder is in a mount namespace of its own: this machine's stays as it is.
    """
    start = ["unshare", "--map-root-user", "--mount", "--", "sh", "-c", _MACHINE_OF_ARC, "sh"]
    return [*start, *command]


@contextmanager
def _held(start: Sequence[str]) -> Iterator[int]:
    """A namespace as long as the block lasts, by the process that keeps it.

    It is ready when `cat` runs. The namespace is there before that, but not yet who is root in
    it, and whoever enters it then may do nothing.
    """
    with subprocess.Popen([*start, "--net", "--", "cat"], stdin=subprocess.PIPE) as keeper:
        try:
            until = time.monotonic() + _PATIENCE_S
            while Path("/proc", str(keeper.pid), "comm").read_text("ascii") != "cat\n":
                assert keeper.poll() is None
                assert time.monotonic() < until
                time.sleep(0.005)
            yield keeper.pid
        finally:
            keeper.kill()


@cache
def _can_be_made() -> bool:
    if not all(map(shutil.which, ("ip", "nsenter", "unshare"))):
        return True  # the marks for these say so
    cable = ("ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1")
    command = ["unshare", "--map-root-user", "--net", *cable]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


NEEDED = [
    pytest.mark.skipif(sys.platform != "linux", reason="only on Linux"),
    needs.program("ip", debian="iproute2"),
    needs.program("nsenter", debian="util-linux"),
    pytest.mark.skipif(
        not _can_be_made(), reason="this system lets nobody make network namespaces, or has no veth"
    ),
]
"""The marks of tests that need them."""
