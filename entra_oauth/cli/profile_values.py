"""The values that a profile may be given: by the rules that the options of the same name have.

A file that was written by hand is judged when a command takes a value from it. Here it is seen
before it is written, so that no profile fails long after it was made. A path is not looked for:
the profile may be for another machine.
"""

from __future__ import annotations

from entra_oauth.cli.command_line.arguments import profile_option
from entra_oauth.cli.command_line.values import check_value
from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass
from entra_oauth.protocol.authority import Authority, folded
from entra_oauth.protocol.endpoints.authorize import check_redirect_uri
from entra_oauth.protocol.endpoints.token_exchange import check_exchange_ids
from entra_oauth.protocol.messages import refuse_control_characters
from entra_oauth.protocol.resource.workspace import Workspace
from entra_oauth.protocol.scopes import check_scopes

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.cache.profiles import Profile

__all__ = ["authority_of_profile", "check_profile", "check_text"]


def check_text(key: str, text: str) -> None:
    """Raise `UsageError` for a text that the option of this name does not take."""
    if (option := profile_option(key)) is not None:
        check_value(option, text, key)
    else:
        refuse_control_characters(key, text)


def check_profile(profile: Profile, changed: frozenset[str]) -> None:
    """Raise `UsageError` or `DestinationRefused` for what cannot be, of the values that changed."""
    for rule in _RULES:
        if not changed.isdisjoint(rule.keys) and any(map(profile.values.get, rule.keys)):
            rule.check(profile)


def authority_of_profile(profile: Profile) -> Authority:
    """The authority that its values name; of any tenant where they name none."""
    tenant = folded(profile.text("tenant") or "common")
    if host := profile.text("authority_host"):
        return Authority(host, tenant)
    return Authority.of(tenant, cloud=profile.text("cloud") or "public")


def _check_authority(profile: Profile) -> None:
    if profile.text("authority_host") and profile.text("cloud"):
        raise UsageError(
            "cloud and authority_host exclude each other.",
            advice="Give one, and take the other out: cloud= or authority_host= with nothing "
            "behind it.",
        )
    authority_of_profile(profile)


def _check_scope(profile: Profile) -> None:
    check_scopes(authority_of_profile(profile), profile.texts("scope"))


def _check_workspace(profile: Profile) -> None:
    Workspace(profile.text("workspace_url") or "")


def _check_redirect(profile: Profile) -> None:
    check_redirect_uri(profile.text("redirect_uri") or "")


def _check_exchange(profile: Profile) -> None:
    check_exchange_ids(profile.text("exchange_account"), profile.text("exchange_client_id"))


def _check_identity(profile: Profile) -> None:
    # Late: only this value needs it.
    from entra_oauth.flows.managed_identity.named_identity import NamedIdentity

    try:
        NamedIdentity.read(profile.text("managed_identity_id"))
    except UsageError as error:
        raise UsageError(
            error.what,
            advice="Write managed_identity_id=client-id=GUID, or object-id=GUID or "
            "resource-id=/subscriptions/… in its place.",
        ) from None


@dataclass(frozen=True, slots=True)
class _ValueRule:
    """A rule for some values, which is asked where one of them changed and one is there."""

    keys: tuple[str, ...]
    check: Callable[[Profile], None]


_RULES = (
    _ValueRule(("tenant", "cloud", "authority_host"), _check_authority),
    _ValueRule(("scope",), _check_scope),
    _ValueRule(("workspace_url",), _check_workspace),
    _ValueRule(("redirect_uri",), _check_redirect),
    _ValueRule(("exchange_account", "exchange_client_id"), _check_exchange),
    _ValueRule(("managed_identity_id",), _check_identity),
)
