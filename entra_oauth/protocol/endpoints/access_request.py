"""An app, an authority, and a scope: the part of a token request that every grant shares.

RFC 6749 §3.3 calls it the access request.
"""

from __future__ import annotations

from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass
from entra_oauth.protocol.authority import GUID, require_client_id
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import refuse_control_characters
from entra_oauth.protocol.scopes import OPENID, expand

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority

__all__ = ["CLAIMS_ADVICE", "AccessRequest", "check_claims", "check_correlation_id"]

_LONGEST_CLAIMS = 8192
CLAIMS_ADVICE = (
    "Give --claims what came with the error, in quotes: the JSON text, its base64, or the whole "
    "WWW-Authenticate line."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """An app, an authority, and what the token is to be good for.

    Make one with `.for_person()` or `.for_app()`. Raises `UsageError` for values that
    must not be sent.
    """

    authority: Authority
    client_id: str
    scopes: tuple[str, ...]
    claims: str | None = None
    """A claims challenge to be answered: a JSON object, as it came."""
    correlation_id: str | None = None
    """A GUID by which the request is found in Entra's logs."""

    def __post_init__(self) -> None:
        refuse_control_characters("client_id", self.client_id)
        require_client_id(self.client_id)
        check_claims(self.claims)
        check_correlation_id(self.correlation_id)

    @classmethod
    def for_person(
        cls,
        *,
        authority: Authority,
        client_id: str,
        scopes: tuple[str, ...],
        claims: str | None = None,
        correlation_id: str | None = None,
    ) -> AccessRequest:
        """For a token in a person's name, with an ID token and a refresh token beside it."""
        return cls(
            authority=authority,
            client_id=client_id,
            scopes=expand((*scopes, *OPENID), cloud=authority.cloud),
            claims=claims,
            correlation_id=correlation_id,
        )

    @classmethod
    def for_app(
        cls,
        *,
        authority: Authority,
        client_id: str,
        scopes: tuple[str, ...],
        claims: str | None = None,
        correlation_id: str | None = None,
    ) -> AccessRequest:
        """For a token in the app's own name: a tenant of its own, and one `/.default`.

        "Microsoft identity platform and the OAuth 2.0 client credentials flow".
        """
        if authority.is_shared:
            raise UsageError(
                "An app's own token comes from one tenant, and none is named.",
                advice="Name the tenant by its GUID or domain with --tenant.",
            )
        named = expand(scopes, cloud=authority.cloud)
        if len(named) != 1 or not named[0].endswith("/.default"):
            # AADSTS1002012
            raise UsageError(
                "An app's own token is asked for with exactly one scope that ends in /.default.",
                advice="Give --scope once, for example databricks or https://host/.default.",
            )
        return cls(
            authority=authority,
            client_id=client_id,
            scopes=named,
            claims=claims,
            correlation_id=correlation_id,
        )

    @property
    def scope(self) -> str:
        """The scopes as one parameter value."""
        return " ".join(self.scopes)


def check_claims(claims: str | None) -> None:
    """Raise `UsageError` unless it is None or a JSON object of a size that can be sent."""
    if claims is None:
        return
    refuse_control_characters("claims", claims)
    if len(claims) > _LONGEST_CLAIMS:
        raise UsageError("The claims are longer than an address may be.", advice=CLAIMS_ADVICE)
    try:
        read_object(claims.encode("utf-8"))
    except ValueError as error:
        raise UsageError(f"The claims are not JSON: {error}.", advice=CLAIMS_ADVICE) from None


def check_correlation_id(correlation_id: str | None) -> None:
    """Raise `UsageError` unless it is None or a GUID: Entra takes no other."""
    if correlation_id is not None and not GUID.fullmatch(correlation_id):
        raise UsageError(
            "The correlation id is not a GUID.",
            advice="Give --correlation-id 32 hexadecimal digits in five groups.",
        )
