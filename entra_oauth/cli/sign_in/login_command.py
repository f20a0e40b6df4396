"""The sign-in that a person is told to make, so that it can be run as it stands."""

from __future__ import annotations

from entra_oauth.cli.sign_in import only_sign_in
from entra_oauth.errors import plain
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.shell_words import quoted

if TYPE_CHECKING:
    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.options.common_options import NetworkOptions

__all__ = ["login_command"]


def login_command(
    app: AppOptions, network: NetworkOptions | None = None, *, at_workspace: str | None = None
) -> str:
    """The command that a person is told to run, with what they need to give.

    With `at_workspace` it signs in to the tenant of that workspace, whichever the app's is.
    """
    if at_workspace is not None:
        app = replace(app, tenant=None, authority_host=None)
    words = ["entra-oauth", "login"]
    if app.profile_name is not None:
        words += ["--profile", app.profile_name]
    # A tenant that nobody named is the one that the workspace names; one that was named stays.
    is_named = app.origins.source("tenant") not in ("", "the default")
    is_asked = not is_named and _is_told("workspace_url", app)
    workspace = at_workspace or (app.workspace_url if is_asked else None)
    values = (
        ("workspace_url", (workspace,), True),
        ("tenant", (app.tenant,), _is_told("tenant", app)),
        ("client_id", (app.client_id,), _is_told("client_id", app)),
        ("authority_host", (app.authority_host,), _is_told("authority_host", app)),
        ("scope", app.scope, _is_told("scope", app)),
        ("ca_bundle", (network.ca_bundle if network else None,), _is_told("ca_bundle", app)),
    )
    for name, texts, is_told in values:
        for text in filter(None, texts if is_told else ()):
            words += [f"--{name.replace('_', '-')}", quoted(plain(text, limit=300))]
    # Nobody has named them, as where a token was handed over.
    words += ["--tenant", "TENANT"] if not (app.tenant or workspace) else []
    words += ["--client-id", "CLIENT"] if not app.client_id else []
    return " ".join(words)


def _is_told(name: str, app: AppOptions) -> bool:
    """True for what stands on this command line, or was not named at all.

    The rest is found again the same way.
    """
    return name in app.origins.given or app.origins.source(name) == only_sign_in.SOURCE
