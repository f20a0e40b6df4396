"""Programs without a secret of their own: azure-identity and msal find out where they run.

Prints whose token it is. The token's contents are not looked at otherwise.
"""

import base64
import json
import os
import sys

way, scope, *rest = sys.argv[1:]
named = rest[0] if rest else None
resource = scope.removesuffix("/.default")
if way.startswith("msal"):
    import msal
    import requests

    identity = (
        msal.UserAssignedManagedIdentity(client_id=named)
        if named
        else msal.SystemAssignedManagedIdentity()
    )
    client = msal.ManagedIdentityClient(identity, http_client=requests.Session())
    answer = client.acquire_token_for_client(resource=resource)
    if "access_token" not in answer:
        sys.exit(f"{answer.get('error')}: {answer.get('error_description')}")
    token, expires_in = answer["access_token"], answer["expires_in"]
else:
    import time

    from azure import identity as azure

    ways = {
        "managed": lambda: azure.ManagedIdentityCredential(client_id=named),
        "managed-by-path": lambda: azure.ManagedIdentityCredential(
            identity_config={"resource_id": named}
        ),
        "workload": azure.WorkloadIdentityCredential,
        "default": azure.DefaultAzureCredential,
        "pipelines": lambda: azure.AzurePipelinesCredential(
            tenant_id="a1bc2d34-5e67-8f89-01ab-c2345d6c78de",
            client_id=named,
            service_connection_id="c0ffee00-0000-4000-8000-000000000001",
            system_access_token=os.environ["SYSTEM_ACCESSTOKEN"],
        ),
    }
    with ways[way]() as credential:
        found = credential.get_token(scope)
    token, expires_in = found.token, found.expires_on - int(time.time())
body = token.split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
print(json.dumps({"app": claims["appid"], "aud": claims["aud"], "expires_in": expires_in}))
