"""A managed identity's token from the agent of Azure Arc, from top to bottom.

https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication. The agent
answers the first request with the name of a file that only its own group may read; what is in
it goes back (RFC 7617 §2), and shows that the asker may read it. That name comes from whatever
listens at the port. So it says which file in the agent's folder is meant, and never a place.
"""

from __future__ import annotations

import os
import re
import stat
import sys

from entra_oauth.errors import LocalError, SecurityError, TransportError, UnexpectedAnswer
from entra_oauth.flows.managed_identity.identity_answer import (
    IdentityRequest,
    ServiceWords,
    absent,
    checked_endpoint,
)
from entra_oauth.flows.managed_identity.named_identity import IdKind
from entra_oauth.flows.patience import send_on_schedule
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.endpoints.json_response import PASSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.flows.managed_identity.named_identity import NamedIdentity
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["ENDPOINT_VARIABLE", "MOST_BYTES", "agent_folder", "endpoint", "get_token"]

ENDPOINT_VARIABLE = "IDENTITY_ENDPOINT"
_ADDRESS = "http://localhost:40342/metadata/identity/oauth2/token"
"""The agent's own, where the variable is not set: services are started without it."""

MOST_BYTES = 4096
"""The largest file that is taken for a key."""

_NAMES = {IdKind.CLIENT: "client_id", IdKind.OBJECT: "object_id", IdKind.RESOURCE: "msi_res_id"}
_PAUSES_S = (5.0, 10.0)
"""The agent's page names none. These are those before other requests that may be repeated."""
_REALM = re.compile(r'Basic\s+realm="?([^"]{1,1024}?)"?\s*', re.IGNORECASE)
_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.key")
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

_WORDS = ServiceWords(
    absent="Nothing answers at the address of the Azure Arc agent: it does not run here.",
    elsewhere="Start it (azcmagent show tells how it is), or choose another "
    "--managed-identity-source: entra-oauth doctor says what this machine could use.",
    advice=(
        ("identity not found", "Check --managed-identity-id: this machine has no such identity."),
        ("aadsts500011", "Check --scope: the tenant knows no such resource."),
        ("invalid_resource", "Check --scope: the tenant knows no such resource."),
    ),
    otherwise="Look at azcmagent show: the machine has to be connected.",
)


def agent_folder(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """The folder in which the agent keeps its keys. Raises `LocalError` where it has none."""
    if platform.startswith("linux"):
        return "/var/opt/azcmagent/tokens"
    if platform == "win32" and environ.get("ProgramData"):
        return os.path.join(environ["ProgramData"], "AzureConnectedMachineAgent", "Tokens")
    raise LocalError(
        "The agent of Azure Arc is known on Linux and Windows only.",
        advice="Choose another --managed-identity-source.",
    )


def endpoint(environ: Mapping[str, str]) -> str:
    """The address that is asked. Raises `UsageError`."""
    address = environ.get(ENDPOINT_VARIABLE)
    return checked_endpoint(ENDPOINT_VARIABLE, address) if address else _ADDRESS


def get_token(
    resource: str,
    named: NamedIdentity | None,
    channels: Channels,
    *,
    environ: Mapping[str, str],
    timeout_s: float = 30.0,
    folder: str | None = None,
) -> TokenResponse:
    """Ask the agent, and again with what is in the file that it names.

    Raises what `imds.get_token` does, `LocalError` for a file that cannot be read, and
    `SecurityError` for one that is not the agent's, and for a token of another identity.
    """
    folder = folder or agent_folder(environ)
    request = IdentityRequest(
        endpoint=endpoint(environ),
        query=(
            ("api-version", "2020-06-01"),
            ("resource", resource),
            *(((_NAMES[named.kind], named.value),) if named else ()),
        ),
        headers=(("Metadata", "true"),),
        words=_WORDS,
    )
    try:
        first = send_on_schedule(request.to_http(), channels, _pauses_s, timeout_s=timeout_s)
        key = _read_key(_key_file(request, first, folder))
        request = replace(request, secrets=(key,))
        proved = request.to_http(("Authorization", f"Basic {key}"))
        reply = send_on_schedule(proved, channels, _pauses_s, timeout_s=timeout_s)
    except TransportError as error:
        raise absent(error, _WORDS) from None
    tokens = request.read(reply, received_at=channels.now())
    if named is not None:
        _check_echo(request.members(reply), named)
    return tokens


def _pauses_s(status: int) -> tuple[float, ...]:
    return _PAUSES_S if status in PASSING else ()


def _key_file(request: IdentityRequest, reply: HttpResponse, folder: str) -> str:
    """The file that a challenge names, in the agent's folder. Raises as `get_token` does."""
    found = _REALM.fullmatch(reply.header("WWW-Authenticate") or "")
    if reply.status != 401 or found is None:
        request.members(reply)  # raises for an error and for what is no answer
        raise UnexpectedAnswer(
            f"{request.host} answered HTTP {reply.status} without the challenge of the Azure Arc "
            "agent.",
            advice="Something else may listen at that port. azcmagent show tells how the agent is.",
            was_sent=True,
        )
    place, _, name = found.group(1).replace("\\", "/").rpartition("/")
    own = folder.replace("\\", "/")
    same = place.lower() == own.lower() if ":" in own else place == own
    if not same or not _KEY_NAME.fullmatch(name):
        raise SecurityError(
            f"{request.host} asks for the content of a file that is no key of the Azure Arc agent. "
            "Nothing was read, and nothing was sent.",
            advice="Look at what listens at that port: another program may stand in for the agent.",
        )
    return os.path.join(folder, name)


def _read_key(path: str) -> str:
    """The content of the file, which is one word. Raises `LocalError` and `SecurityError`."""
    if os.path.islink(os.path.dirname(path)) or os.path.islink(path):
        raise _no_key("is a link")
    try:
        number = os.open(path, _READ)
    except PermissionError:
        raise LocalError(
            "The key of the Azure Arc agent may not be read by this user.",
            advice="Let the user be of the group himds (Linux: usermod -aG himds USER, then sign "
            "in anew), or run this as an administrator (Windows).",
        ) from None
    except OSError as error:
        raise LocalError(
            f"The key that the Azure Arc agent names cannot be read: {error.strerror}.",
            advice="Try again: the agent makes one for each request. azcmagent show tells how it "
            "is.",
        ) from None
    with open(number, "rb") as file:
        is_plain = stat.S_ISREG(os.fstat(number).st_mode)
        content = file.read(MOST_BYTES + 1) if is_plain else b""
    if not is_plain:
        raise _no_key("is no plain file")
    if len(content) > MOST_BYTES:
        raise _no_key(f"is larger than {MOST_BYTES:,} bytes")
    text = content.decode("latin-1").strip("\r\n")
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise _no_key("holds no word that could be sent")
    return text


def _no_key(why: str) -> SecurityError:
    return SecurityError(
        f"The file that the Azure Arc agent names {why}. Nothing was sent.",
        advice="Look at the agent's folder, and at what listens at its port.",
    )


def _check_echo(members: Mapping[str, object], named: NamedIdentity) -> None:
    """Raise `SecurityError` unless the agent says that it used the identity that was named.

    An older agent knows the system-assigned identity only, and gives its token.
    """
    names = (_NAMES[named.kind], *(("mi_res_id",) if named.kind is IdKind.RESOURCE else ()))
    told = next((text for name in names if isinstance(text := members.get(name), str)), "")
    if told.lower() != named.value.lower():
        raise SecurityError(
            "The Azure Arc agent does not say that its token is the named identity's. It was not "
            "used.",
            advice="Renew the agent: an older one knows the machine's own identity only. Or leave "
            "--managed-identity-id out.",
        )
