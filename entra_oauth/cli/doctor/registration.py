"""The portal's steps of the article for somebody's own ids, and a text for an administrator.

Nothing is sent. The steps are those of the article's "Configure an app in Azure portal".
"""

from __future__ import annotations

from urllib.parse import quote_plus

from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.light import TYPE_CHECKING, dataclass, replace
from entra_oauth.protocol.authority import CLOUDS, Authority
from entra_oauth.protocol.messages import refuse_control_characters

if TYPE_CHECKING:
    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.session.console import Console
    from entra_oauth.cli.verbs.see_verbs import DoctorOptions

__all__ = ["Registration", "authority_of_any", "run"]

_PORTALS = {"public": "portal.azure.com", "usgov": "portal.azure.us", "china": "portal.azure.cn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """An app registration as it is to be. Raises `UsageError` for ids that are none."""

    authority: Authority
    client_id: str | None
    redirect_uri: str
    portal: str | None
    """Its host, where it is known."""

    def __post_init__(self) -> None:
        refuse_control_characters("The client id", self.client_id or "")
        refuse_control_characters("The redirect URI", self.redirect_uri)

    @property
    def admin_consent_url(self) -> str | None:
        """The page on which an administrator consents for everybody; None without a client id."""
        if self.client_id is None:
            return None
        query = (
            f"client_id={quote_plus(self.client_id)}&redirect_uri={quote_plus(self.redirect_uri)}"
        )
        return f"{self.authority}/adminconsent?{query}"

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps in the portal, in the article's order."""
        app = f"the app {self.client_id}" if self.client_id else "the new app"
        place = f"https://{self.portal}" if self.portal else "the portal of your cloud"
        return (
            f"Open {place} and sign in.",
            f"With more than one directory: Settings, Directories + subscriptions, switch to "
            f"{self._tenant}.",
            "Microsoft Entra ID, App registrations, New registration. (There already? Open "
            f"{app} and go on with 5.)",
            "Any name; Accounts in this organizational directory only (Single tenant).",
            "Redirect URI: platform Public client/native (mobile & desktop), value "
            f"{self.redirect_uri}. Neither Web (AADSTS7000218) nor Single-page application "
            "(AADSTS9002327). In an existing app: Authentication, Add a platform.",
            "Register. On Overview copy the Application (client) ID and the Directory (tenant) ID.",
            "API permissions, Add a permission, APIs my organization uses: search AzureDatabricks, "
            "tick user_impersonation, Add permissions.",
            "Grant admin consent, if you may. Otherwise have it done (below), or consent at the "
            "first sign-in in the browser; until then the password flow does not work "
            "(AADSTS65001).",
            "For --flow password or device-code only: Authentication, Allow public client flows: "
            "Yes.",
            "If Assignment required is on (Enterprise applications, Properties), add the people "
            "under Users and groups; otherwise they get AADSTS50105.",
        )

    @property
    def letter(self) -> str:
        """The text to send to an administrator."""
        app = self.client_id or "CLIENT ID"
        link = self.admin_consent_url or "CONSENT URL"
        return (
            "Hello,\n\n"
            "please allow an app of our tenant to use Azure Databricks in the name of the people "
            "who sign in to it.\n\n"
            f"  Tenant:       {self._tenant}\n"
            f"  Application:  {app}\n"
            "  Permission:   AzureDatabricks, user_impersonation (delegated)\n"
            f"  Redirect URI: {self.redirect_uri} (public client, no secret)\n\n"
            f"To consent for everybody, open this as an administrator:\n\n  {link}\n\n"
            f"At the end the browser goes to {self.redirect_uri}, where no page loads. That is as "
            "it should be: admin_consent=True in the address, and no error beside it, means that "
            "it worked.\n\n"
            "If the app demands assignment, please also add me under Enterprise applications, "
            "Users and groups.\n"
        )

    @property
    def _tenant(self) -> str:
        return "your tenant" if self.authority.is_shared else self.authority.tenant


def authority_of_any(app: AppOptions) -> Authority:
    """The authority that the options name; without a tenant, the one of all organizations."""
    return authority_of(replace(app, tenant=app.tenant or "organizations"))


def run(options: DoctorOptions, console: Console) -> int:
    """Print the steps, the consent URL and the text."""
    authority = authority_of_any(options.app)
    registration = Registration(
        authority=authority,
        client_id=options.app.client_id,
        redirect_uri=options.page.redirect_uri,
        portal=next(
            (_PORTALS.get(c.name) for c in CLOUDS.values() if authority.host in c.hosts), None
        ),
    )
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/registration/1",
                "steps": list(registration.steps),
                "admin_consent_url": registration.admin_consent_url,
                "letter": registration.letter,
            }
        )
        return 0
    _tell(registration, console)
    return 0


def _tell(registration: Registration, console: Console) -> None:
    from entra_oauth.cli.session.wrap import prose, width

    columns = width()
    console.result("In the portal\n")
    for number, step in enumerate(registration.steps, start=1):
        filled = prose(step, indent=4, columns=columns)
        console.result(f"{number:>2}. {filled.lstrip()}")
    console.result("\nAdmin consent, for an administrator to open\n")
    console.result(
        f"    {registration.admin_consent_url or 'Give --client-id to get the address.'}"
    )
    console.result("\nA text for your administrator\n")
    for line in registration.letter.splitlines():
        long = line and not line.startswith("  ")
        console.result(prose(line, indent=4, columns=columns) if long else f"    {line}".rstrip())
