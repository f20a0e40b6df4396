"""The token that the options ask for, as one value."""

from __future__ import annotations

from entra_oauth.cli.options.app_options import CredentialOptions, RequestOptions
from entra_oauth.cli.options.exchange_options import TokenExchangeOptions
from entra_oauth.light import TYPE_CHECKING, dataclass, field

if TYPE_CHECKING:
    from entra_oauth.cli.options.app_options import AppOptions, RenewOptions
    from entra_oauth.cli.options.common_options import NetworkOptions

__all__ = ["TokenQuery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenQuery:
    """The token that the options ask for, and the way to renew it."""

    app: AppOptions
    renew: RenewOptions
    network: NetworkOptions
    request: RequestOptions = field(default_factory=RequestOptions)
    credential: CredentialOptions = field(default_factory=CredentialOptions)
    exchange: TokenExchangeOptions = field(default_factory=TokenExchangeOptions)
