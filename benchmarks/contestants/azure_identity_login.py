"""azure-identity's InteractiveBrowserCredential, once."""

import sys

from azure.identity import InteractiveBrowserCredential

host, tenant, client, scope, ca_file = sys.argv[1:]
credential = InteractiveBrowserCredential(
    authority=host,
    tenant_id=tenant,
    client_id=client,
    disable_instance_discovery=True,
    connection_verify=ca_file,
)
print(credential.get_token(scope).token)
