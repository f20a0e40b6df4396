"""Rules that a house makes for itself: what its policy allows. Without one they are silent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.audit.case import Case, cloud_of
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden
from entra_oauth.audit.rules.rule import E, rule_of_all
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown

if TYPE_CHECKING:
    from entra_oauth.audit.policy import Policy

_ASKING = (StepKind.AUTHORIZE, StepKind.TOKEN, StepKind.DEVICE)
_MODE = "/request/query/response_mode"
_SAID_ELSEWHERE = ("/request/scope", _MODE)
"""What an authorize request need not say in its address, unlike `client_id`."""


def _listed(
    case: Case,
    allowed: Callable[[Policy], tuple[str, ...] | None],
    values: Callable[[Item], list[str]],
    where: str,
    kinds: tuple[StepKind, ...] = _ASKING,
) -> Iterator[Verdict]:
    """Verdicts on values: each must be one that is allowed, without regard to case."""
    good = allowed(case.policy) if case.policy is not None else None
    if good is None:
        yield absent("no policy says anything of it")
        return
    lower = {each.lower() for each in good}
    for item in (i for i in case.items if i.kind in kinds):
        if item.elsewhere and where in _SAID_ELSEWHERE:
            yield replace(unknown(item.elsewhere, where), step=item.number)
            continue
        found = values(item)
        bad = [v for v in found if v.lower() not in lower]
        verdict = passed(where) if found else absent("it is not named there")
        if bad:
            verdict = failed(f"{case.show('scope', bad[0])} is not allowed.", where)
            if hidden(bad[0]):
                verdict = unknown("it was taken out", where)
        yield replace(verdict, step=item.number)


def _tenant(item: Item) -> list[str]:
    before, mark, _ = item.request.path.partition("/oauth2/")
    return [before.strip("/")] if mark else []


@rule_of_all("PL01", E, "your policy: tenants")
def tenant_is_allowed(case: Case) -> Iterator[Verdict]:
    """Only tenants of the policy are asked.

    Why: your house decided so.
    Mend: ask an allowed tenant, or change the policy.
    Before: /common/oauth2/v2.0/authorize
    After: /a1bc2d34-…/oauth2/v2.0/authorize
    """
    yield from _listed(case, lambda p: p.tenants, _tenant, "/request/url")


@rule_of_all("PL02", E, "your policy: clouds")
def cloud_is_allowed(case: Case) -> Iterator[Verdict]:
    """Only clouds of the policy are asked.

    Why: your house decided so.
    Mend: use the login host of an allowed cloud, or change the policy.
    Before: login.microsoftonline.com
    After: login.microsoftonline.us
    """

    def cloud(item: Item) -> list[str]:
        return [cloud_of(item.url) or "no known cloud"]

    yield from _listed(case, lambda p: p.clouds, cloud, "/request/url")


@rule_of_all("PL03", E, "your policy: clients")
def client_is_allowed(case: Case) -> Iterator[Verdict]:
    """Only clients of the policy ask.

    Why: your house decided so.
    Mend: use an allowed app registration, or change the policy.
    Before: client_id=another
    After: client_id=12a34b56-…
    """

    def client(item: Item) -> list[str]:
        return [value] if (value := item.get("client_id")) else []

    yield from _listed(case, lambda p: p.clients, client, "/request/client_id")


@rule_of_all("PL04", E, "your policy: scopes")
def scopes_are_allowed(case: Case) -> Iterator[Verdict]:
    """Only scopes of the policy are asked for.

    Why: your house decided so.
    Mend: ask for less, or change the policy.
    Before: scope=Mail.Send
    After: scope=2ff814a6-…/.default
    """

    def scopes(item: Item) -> list[str]:
        return (item.get("scope") or "").split()

    yield from _listed(case, lambda p: p.scopes, scopes, "/request/scope")


@rule_of_all("PL05", E, "your policy: grants")
def grant_is_allowed(case: Case) -> Iterator[Verdict]:
    """Only grants of the policy are used.

    Why: your house decided so.
    Mend: use another flow, or change the policy.
    Before: grant_type=password
    After: grant_type=authorization_code
    """

    def grant(item: Item) -> list[str]:
        return [value.rpartition(":")[2]] if (value := item.get("grant_type")) else []

    yield from _listed(
        case, lambda p: p.grants, grant, "/request/form/grant_type", (StepKind.TOKEN,)
    )


@rule_of_all("PL06", E, "your policy: response_modes")
def response_mode_is_allowed(case: Case) -> Iterator[Verdict]:
    """Only response modes of the policy are asked for.

    Why: your house decided so.
    Mend: ask for another mode, or change the policy.
    Before: response_mode=query
    After: response_mode=form_post
    """

    def mode(item: Item) -> list[str]:
        return [item.get("response_mode") or "query"]

    yield from _listed(case, lambda p: p.response_modes, mode, _MODE, (StepKind.AUTHORIZE,))


@rule_of_all("PL07", E, "your policy: tls_floor")
def tls_is_new_enough(case: Case) -> Iterator[Verdict]:
    """TLS is at least of the policy's version.

    Why: your house decided so.
    Mend: update what is older, or change the policy.
    Before: TLS 1.2
    After: TLS 1.3
    """
    floor = case.policy.tls_floor if case.policy is not None else None
    if floor is None:
        yield absent("no policy says anything of it")
        return
    for item in case.items:
        if item.step.channel != "back" or not item.url.lower().startswith("https://"):
            continue
        found = re.search(r"(\d)\.?(\d)?", item.step.link.tls_version or "")
        verdict = unknown("the TLS version is not in this recording", "/request/tls")
        if found:
            is_ssl = found.string.upper().startswith("SSL")  # older than all of TLS
            good = not is_ssl and (int(found[1]), int(found[2] or 0)) >= floor
            verdict = passed("/request/tls") if good else failed("It is older.", "/request/tls")
        yield replace(verdict, step=item.number)


@rule_of_all("PL08", E, "your policy: proxies")
def proxy_is_allowed(case: Case) -> Iterator[Verdict]:
    """Only proxies of the policy are used.

    Why: your house decided so; a proxy that inspects TLS sees every token.
    Mend: unset the proxy, or change the policy.
    Before: http://elsewhere:3128
    After: http://proxy.contoso.com:8080
    """

    def proxy(item: Item) -> list[str]:
        return [item.step.link.proxy] if item.step.link.proxy else []

    yield from _listed(case, lambda p: p.proxies, proxy, "/request/proxy", tuple(StepKind))
