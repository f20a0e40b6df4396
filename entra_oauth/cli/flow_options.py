"""Which options go with which `--flow` of login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    import argparse

__all__ = ["check_flow"]

_AUTH_CODE = (
    "browser",
    "domain_hint",
    "listen",
    "login_hint",
    "no_browser",
    "paste",
    "port",
    "prompt",
    "redirect_uri",
    "response_mode",
    "timeout",
)
_PASSWORD = ("password_fd", "password_stdin", "username")
_CLIENT = (
    "certificate",
    "certificate_algorithm",
    "certificate_passphrase_fd",
    "certificate_passphrase_stdin",
    "client_secret_fd",
    "client_secret_stdin",
    "federated_token_file",
)
_FLOW_OF = {
    **dict.fromkeys(_AUTH_CODE, "auth-code"),
    **dict.fromkeys(_PASSWORD, "password"),
    **dict.fromkeys(_CLIENT, "client-credentials"),
}
_STDIN = ("password_stdin", "client_secret_stdin", "certificate_passphrase_stdin")


def check_flow(args: argparse.Namespace) -> None:
    """Raise `UsageError` for an option that the chosen flow has no use for."""
    for name in sorted(args.given):
        flow = _FLOW_OF.get(name, args.flow)
        if flow != args.flow:
            raise UsageError(
                f"--{name.replace('_', '-')} goes with --flow {flow} only.",
                advice=f"Leave it out, or use --flow {flow}.",
            )
    if sum(bool(getattr(args, name)) for name in _STDIN) > 1:
        raise UsageError(
            "Two secrets are to be read from standard input, which can hold one.",
            advice="Give one of them through a file descriptor: -fd N.",
        )
