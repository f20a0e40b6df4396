"""What the article's scripts share: their usage text, where they run, and how they fail.

They take the article's arguments and print what the article's print, without msal.
They run in any Python that has this clone's package, else in `.venv`, which is made.
Like `launch.py`, this file must parse on Python 3.6.
"""

import importlib.util
import os
import sys
from typing import TYPE_CHECKING

import environment
import launch

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth import EntraOAuthError, PublicClient
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.resource.workspace_api import ApiCall

MOST_BYTES = 64 * 1024 * 1024
_NEEDED = ("authlib", "cryptography", "joserfc", "platformdirs", "requests", "truststore")


def run(
    job: "Callable[..., None]",
    usage: str,
    filled_in: "tuple[str, ...]",
    further: "tuple[int, ...]" = (),
) -> None:
    """Do `job` with the arguments, or with what was filled in at the top of the script.

    `further` are other numbers of arguments that the job takes. A wrong number prints
    the usage and ends with 1, as in the article.
    """

    def main(arguments: "list[str]") -> int:
        values = arguments or list(filled_in)
        is_empty = any(value.startswith("<") for value in values)
        if is_empty or len(values) not in (len(filled_in),) + further:
            print("Usage: " + usage)
            return 1
        go_on_where_installed(arguments)
        return _do(job, values)

    launch.run_script(main)


def go_on_where_installed(arguments: "list[str]") -> None:
    """Go on here if the package is here, else in `.venv`, in the place of this process."""
    if not _is_installed():
        environment.prepare()
        script = os.path.abspath(sys.argv[0])
        launch.become([environment.PYTHON, script, *arguments], launch.child_environment())


def _is_installed() -> bool:
    """Whether this Python has the package of this clone, and all that it needs."""
    found = importlib.util.find_spec("entra_oauth")
    if found is None or found.origin is None:
        return False
    ours = os.path.join(environment.ROOT, "entra_oauth", "__init__.py")
    return os.path.realpath(found.origin) == os.path.realpath(ours) and all(
        importlib.util.find_spec(name) is not None for name in _NEEDED
    )


def _do(job: "Callable[..., None]", values: "list[str]") -> int:
    from entra_oauth.errors import AuthorityError, EntraOAuthError

    bundle = os.environ.get("ENTRA_OAUTH_CA_BUNDLE")
    if bundle:  # as it is for the command; of these variables the library knows this one
        os.environ["REQUESTS_CA_BUNDLE"] = bundle
    try:
        job(*values)
    except AuthorityError as error:
        return _failed(error, error.error, error.description or error.what)
    except EntraOAuthError as error:
        return _failed(error, type(error).__name__, error.what)
    return 0


def _failed(error: "EntraOAuthError", name: str, description: str) -> int:
    """The article's two lines, and what to do."""
    print("Error: " + name)
    print("Description: " + description)
    print("Next: " + error.advice, file=sys.stderr)
    return error.exit_code


def client(client_id: str, tenant_id: str) -> "PublicClient":
    """The app of the tenant."""
    from entra_oauth import PublicClient

    return PublicClient(authority(tenant_id), client_id)


def authority(tenant_id: str, cloud: str = "public") -> "Authority":
    """The tenant's authority, on the host that ENTRA_OAUTH_AUTHORITY_HOST names if it is set."""
    from entra_oauth import Authority

    host = os.environ.get("ENTRA_OAUTH_AUTHORITY_HOST")
    return Authority(host, tenant_id) if host else Authority.of(tenant_id, cloud=cloud)


def secret(name: str, value: str) -> str:
    """A secret argument; `-` asks for it, or reads it from a pipe."""
    if value != "-":
        launch.say(
            f"the {name} stands on the command line, where other programs can see it and the "
            "shell keeps it. Give - instead: you are asked for it, or it is read from a pipe."
        )
        return value
    from entra_oauth.channels.terminal.secret_line import read_secret_line

    text = read_secret_line(name + "> ", timeout_s=300, from_stdin=True)
    return text.rstrip("\r\n")


def send(call: "ApiCall") -> str:
    """The text of a workspace's answer. Raises what it refuses."""
    from dataclasses import replace

    from entra_oauth import local_channels
    from entra_oauth.channels.https.back_channel import RequestsBack
    from entra_oauth.flows import api_call

    with local_channels() as local, RequestsBack(say=local.say, max_body_bytes=MOST_BYTES) as back:
        channels = replace(local, back=back)
        reply = api_call.send(call, channels)
        refusal = call.refusal(reply, now=channels.now())
    if refusal is not None:
        raise refusal
    return reply.body.decode("utf-8")
