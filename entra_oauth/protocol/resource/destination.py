"""The destinations of an access token: the one gate of everything that sends one.

A token goes over https to a host of its own audience in the cloud of its own authority,
and nowhere else (RFC 6750 §5.3, RFC 9700 §4.9). Whoever sends one follows no redirect.
The APIs that are known, and their hosts: `known_apis`.
"""

from __future__ import annotations

import re

from entra_oauth.errors import DestinationRefused, UsageError, plain
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.jwt import decode
from entra_oauth.protocol.messages import is_loopback
from entra_oauth.protocol.resource.known_apis import DATABRICKS_API, api_named, plain_name
from entra_oauth.protocol.scopes import expand, resource_of

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.resource.known_apis import KnownApi

__all__ = ["check_audience", "check_destination", "check_shown", "check_subject"]


# Stricter than any parser: what two of them could read differently does not pass.
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/[!$-;=?-\[\]_a-z~]*)?",
    re.IGNORECASE | re.ASCII,
)


def check_destination(
    url: str, *, scopes: tuple[str, ...], authority: Authority, named_hosts: tuple[str, ...] = ()
) -> None:
    """See that a token for `scopes` from `authority` may be sent to `url`.

    For APIs that are not known here, the host in the name of the scope's resource counts
    (`https://host/.default`), and `named_hosts`: whole host names that a person has
    decided on. Another port than 443, and http, are for loopback alone, and loopback
    for a practice authority that is itself there.

    Raises `DestinationRefused`, and `UsageError` for scopes that are none.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise _refused(
            "the address is no plain https address",
            "Write it as https://host/path; a space or another odd character there as %20 or the "
            "like.",
        )
    host = found["host"].lower()
    if authority.is_on_this_machine:
        if not is_loopback(host):
            raise _refused(
                f"it is a practice token, and {plain(host, limit=80)} is not on this machine",
                "Use a practice workspace, or leave --authority-host out.",
            )
        return
    if is_loopback(host):
        raise _refused(
            "it is from a real authority, and a practice workspace must not see it",
            "Give --authority-host the practice tenant's address, or the real workspace URL.",
        )
    if found["scheme"].lower() != "https" or found["port"] not in (None, "443"):
        raise _refused("the address is not https on its own port", "Write it as https://host/path.")
    # Named by a person are whole names; a dot in front would make a suffix of one.
    named = (name.lower().lstrip(".") for name in named_hosts)
    good = (*_hosts(scopes, authority), *named)
    if not any(_fits(host, each) for each in good):
        raise _refused(
            f"{plain(host, limit=80)} is no host of the API that the token is for",
            f"Its hosts are {_in_words(good)}. Check the address, --scope and --cloud."
            if good
            else "Check the address, --scope and --cloud.",
        )


def check_audience(token: str, scopes: tuple[str, ...]) -> None:
    """See that a token does not say of itself that it is for another API than `scopes`.

    An access token is opaque to a client; one that can be read, and names another
    audience than a known API's own, would be refused there after it was shown.
    Raises `DestinationRefused`.
    """
    wanted = api_named(_resource(scopes))
    try:
        audience = decode(token).claims.get("aud")
    except UsageError:  # opaque, as it may be
        return
    if wanted is None or not wanted.hosts or not isinstance(audience, str):
        return
    if plain_name(audience) in wanted.resources:
        return
    other = api_named(audience)
    said = other.name if other else plain(audience, limit=80)
    raise _refused(
        f"it is for {said}, not for {wanted.name}",
        f"Get one for {wanted.name} with --scope, or give the --scope that it was made for.",
    )


def check_subject(scopes: tuple[str, ...]) -> None:
    """See that a token for `scopes` may be shown to a workspace, which is to exchange it.

    A policy of Databricks' may want the audience of an app of one's own (RFC 8693 §2.1 leaves it
    open). The workspace must not see one that it could use elsewhere: of another API that
    is known here, or of one whose name is the address of its host.
    Raises `DestinationRefused`, and `UsageError` for scopes that are none.
    """
    resource = _resource(scopes)
    known = _other_api(resource)
    if known or (_URL.fullmatch(resource) and api_named(resource) is not DATABRICKS_API):
        said = known.name if known else plain(resource, limit=80)
        raise _refused(
            f"a workspace is not shown one for {said}",
            "Leave --scope out: Databricks' own is exchanged. For an app of your own that a policy "
            "names, give its client id: --scope CLIENT_ID/.default.",
        )


def check_shown(token: str) -> None:
    """See that a token which is to be exchanged does not say that it is for a known API elsewhere.

    A federated token may have any audience that a policy names. One that opens an API of
    Microsoft's is that one's, whoever hands it over. Raises `DestinationRefused`.
    """
    try:
        audience = decode(token).claims.get("aud")
    except UsageError:  # opaque, as it may be
        return
    for each in audience if isinstance(audience, list) else [audience]:
        known = _other_api(each) if isinstance(each, str) else None
        if known is not None:
            raise _refused(
                f"a workspace is not shown one for {known.name}",
                "Hand over one that is made for the workspace, or for the audience that its "
                "policy names (entra-oauth decode shows whom one is for).",
            )


def _other_api(resource: str) -> KnownApi | None:
    """The API that is known here, if it is not Databricks' own."""
    known = api_named(resource.removeprefix("api://"))
    return None if known is DATABRICKS_API else known


def _refused(why: str, advice: str) -> DestinationRefused:
    return DestinationRefused(f"The token was not sent: {why}.", advice=advice)


def _resource(scopes: tuple[str, ...]) -> str:
    return next((r for scope in expand(scopes) if (r := resource_of(scope)) is not None), "")


def _hosts(scopes: tuple[str, ...], authority: Authority) -> tuple[str, ...]:
    resource = _resource(scopes)
    known = api_named(resource)
    if known is None or not known.hosts:
        named = _URL.fullmatch(plain_name(resource))
        return (named["host"],) if named and named["scheme"] == "https" else ()
    cloud = authority.entra_cloud
    return known.hosts.get(cloud.name, ()) if cloud else ()


def _fits(host: str, pattern: str) -> bool:
    return host.endswith(pattern) if pattern.startswith(".") else host == pattern


def _in_words(patterns: tuple[str, ...]) -> str:
    return ", ".join(f"those that end in {p}" if p.startswith(".") else p for p in patterns)
