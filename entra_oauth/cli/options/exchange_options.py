"""The exchange of the token for one of another service's own."""

from __future__ import annotations

from entra_oauth.cli.command_line.declare import option
from entra_oauth.light import dataclass

__all__ = ["TokenExchangeOptions"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class TokenExchangeOptions:
    """Databricks' token exchange, at the workspace of `--workspace-url` and nowhere else."""

    exchange: str | None = option(
        "exchange the token at the workspace for one of its own: databricks",
        metavar="FOR",
        choices=("databricks",),
    )
    subject_token: str = option(
        "the token that is exchanged: entra for Entra's, federated for the one of "
        "--federated-token-source, without Entra",
        metavar="WHOSE",
        choices=("entra", "federated"),
        default="entra",
    )
    exchange_client_id: str | None = option(
        "service principal of Databricks whose federation policy counts; for a person leave it out",
        metavar="ID",
    )
    exchange_account: str | None = option(
        "account of Databricks, where --workspace-url is accounts.azuredatabricks.net",
        metavar="ID",
        azure="DATABRICKS_ACCOUNT_ID",
    )
    exchange_audience: str | None = option(
        "audience that GitHub makes its token for (default: the account, else the workspace's "
        "token endpoint)",
        metavar="AUD",
        azure="DATABRICKS_TOKEN_AUDIENCE",
    )

    @property
    def is_federated(self) -> bool:
        """True where the federated token itself is exchanged, and Entra has no part in it."""
        return self.subject_token == "federated"  # noqa: S105 - whose it is
