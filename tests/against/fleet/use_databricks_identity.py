"""databricks-sdk with a managed identity's token, by azure-identity's credential.

Prints whose token it would send, and for what.
"""

import base64
import json
import sys
from collections.abc import Callable

from databricks.sdk.core import Config
from databricks.sdk.credentials_provider import CredentialsStrategy

(host,) = sys.argv[1:]


class ByAzure(CredentialsStrategy):
    def auth_type(self) -> str:
        return "azure-identity"

    def __call__(self, config: Config) -> Callable[[], dict[str, str]]:
        from azure.identity import ManagedIdentityCredential

        credential = ManagedIdentityCredential()
        scope = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
        return lambda: {"Authorization": f"Bearer {credential.get_token(scope).token}"}


config = Config(host=host, credentials_strategy=ByAzure(), retry_timeout_seconds=1)
token = config.authenticate()["Authorization"].removeprefix("Bearer ")
body = token.split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
print(json.dumps({"app": claims["appid"], "aud": claims["aud"]}))
