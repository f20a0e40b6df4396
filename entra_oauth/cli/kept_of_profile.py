"""What stays of a profile that is deleted, and the command that forgets it.

Without the profile, a plain `logout` means another sign-in: what it named has to be named.
"""

from __future__ import annotations

from entra_oauth.cache.account import App
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cli.profile_values import authority_of_profile
from entra_oauth.cli.sign_in.identity_options import names_identity
from entra_oauth.errors import EntraOAuthError, plain
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.authority import folded
from entra_oauth.shell_words import quoted

if TYPE_CHECKING:
    from entra_oauth.cache.profiles import Profile
    from entra_oauth.cli.session.console import Session

__all__ = ["what_stays"]

_ALL = (
    " Tokens of it may stay until they expire: entra-oauth logout --all forgets them, with every "
    "sign-in."
)
_EXCHANGE = ("exchange", "subject_token", "exchange_account", "exchange_client_id", "workspace_url")


def what_stays(profile: Profile, session: Session) -> str:
    """A sentence with a blank before it; empty where nothing is kept of that profile."""
    client_id = profile.text("client_id")
    if profile.text("subject_token") == "federated":
        return _forgotten_by(
            [word for key in _EXCHANGE for word in _option(key, profile.text(key))]
        )
    if names_identity(profile, client_id):
        return _ALL
    try:
        store = FileStore.standard(session.environ, say=session.console.say)
        accounts = store.accounts()
        if not (client_id and profile.text("tenant")):
            return _of_half(profile) if accounts else ""
        named = App.of(authority_of_profile(profile), folded(client_id))
        app, account = store.kept_as(named, profile.text("account"))
        if not any(each.key("", "") == app.key("", "") for each, _ in accounts):
            others = store.tokens_without_account()
            return _ALL if any(each.folded == app.folded for each, *_ in others) else ""
    except EntraOAuthError:  # a value that was written by hand; the profile goes all the same
        return ""
    return _forgotten_by([*app.options, *_option("account", account)])


def _of_half(profile: Profile) -> str:
    """The same where the workspace, or whoever signed in, named the rest."""
    if not (profile.text("client_id") or profile.text("tenant")):
        return ""
    return (
        " Sign-ins stay: entra-oauth status lists them, and entra-oauth logout --tenant TENANT "
        "--client-id CLIENT forgets one."
    )


def _option(name: str, value: str | None) -> list[str]:
    return [f"--{name.replace('_', '-')}", value] if value else []


def _forgotten_by(words: list[str]) -> str:
    said = " ".join(quoted(plain(word, limit=300)) for word in ("entra-oauth", "logout", *words))
    return f" Its tokens stay. To forget them: {said}"
