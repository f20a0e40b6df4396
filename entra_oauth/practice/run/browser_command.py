"""A browser that signs in by itself: what `BROWSER` names under `practice run`.

    python -m entra_oauth.practice.run.browser_command --user alice URL

It goes to the practice tenant by the proxy that `HTTPS_PROXY` names, to this machine,
and nowhere else. With `--code` it types a device's code and is done on the tenant's page.
With `--tell` it reports its visits to the program to the tenant, for a recording.
Where the way ends on a page of the tenant, because the answer could not go
back to the app, it prints that page's message on standard error and exits with 1.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.errors import EntraOAuthError, UsageError, plain
from entra_oauth.practice.browser.control_client import CONTROL_VARIABLE
from entra_oauth.practice.browser.transport import http_send
from entra_oauth.practice.browser.user_agent import PracticeBrowser
from entra_oauth.practice.run.browser_visits import reporting_send
from entra_oauth.protocol.messages import is_loopback

if TYPE_CHECKING:
    from entra_oauth.practice.browser.transport import SocketTap
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["PASSWORD_VARIABLE", "main"]

PASSWORD_VARIABLE = "ENTRA_OAUTH_PRACTICE_PASSWORD"  # noqa: S105 - the name of a variable

_PATIENCE_S = 15.0
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
_MESSAGE = re.compile(r"AADSTS[0-9]+: [^<]*")


def main(arguments: list[str] | None = None) -> int:
    """Open one address. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="entra_oauth.practice.run.browser_command", allow_abbrev=False
    )
    parser.add_argument("--user", default="alice", help="sign-in name, or what is before its @")
    parser.add_argument("--code", default="", help="what to type where a device's code is asked")
    parser.add_argument("--tell", action="store_true", help="tell the tenant what is sent here")
    parser.add_argument("url")
    args = parser.parse_args(arguments)
    control = os.environ.get(CONTROL_VARIABLE, "") if args.tell else ""
    try:
        return _visit(args.url, args.user, args.code, control)
    except EntraOAuthError as error:
        print(f"practice browser: {error}", file=sys.stderr)
        return error.exit_code


def _visit(url: str, user: str, code: str, control: str) -> int:
    way = _Way(url, os.environ.get("SSL_CERT_FILE") or None, _proxy_port())
    send = reporting_send(control, way) if control else way
    password = os.environ.get(PASSWORD_VARIABLE, "practice")
    page = PracticeBrowser(send, _full_name(user), password, user_code=code).open(url)
    heading, message = _HEADING.search(page.text), _MESSAGE.search(page.text)
    arrived = is_loopback(urlsplit(page.url).hostname or "") or (code and not message)
    if not arrived:
        found_words = [found for found in (heading and heading[1], message and message[0]) if found]
        shown = plain(": ".join(found_words))
        print(f"practice browser: it ended on a page: {shown}", file=sys.stderr)
    return 0 if arrived else 1


class _Way:
    """The way of the browser's requests, which waits for a program that does not listen yet.

    A person takes longer to sign in than a program from opening the browser to listening; this
    browser may not. An address at which somebody was there before is not waited for.
    """

    def __init__(self, url: str, ca_file: str | None, proxy_port: int | None) -> None:
        self._ca_file = ca_file
        self._proxy_port = proxy_port
        self._known = {urlsplit(url).netloc}

    def __call__(self, request: HttpRequest, *, tap: SocketTap | None = None) -> HttpResponse:
        parts = urlsplit(request.url)
        is_new = is_loopback(parts.hostname or "") and parts.netloc not in self._known
        self._known.add(parts.netloc)
        return http_send(
            request,
            ca_file=self._ca_file,
            proxy_port=self._proxy_port,
            tap=tap,
            patience_s=_PATIENCE_S if is_new else 0.0,
        )


def _full_name(user: str) -> str:
    if "@" in user:
        return user
    from entra_oauth.practice.directory.defaults import DEFAULT

    people = (each.name for each in DEFAULT.users if each.name.partition("@")[0] == user)
    return next(people, user)


def _proxy_port() -> int | None:
    """The port of the proxy in the environment, which must be on this machine."""
    given = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    if not given:
        return None
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not is_loopback(host) or port is None:
        raise UsageError(
            "HTTPS_PROXY does not name a proxy of this machine.",
            advice="Start this browser by entra-oauth practice run.",
        )
    return port


if __name__ == "__main__":
    sys.exit(main())
