"""databricks-sdk, as it is documented: signs in, then calls the workspace. Prints who it is.

The ways whose token is in the environment, or is had by what stands there, get the client id alone.
"""

import json
import subprocess
import sys

from databricks.sdk import WorkspaceClient
from fixed_port import turn_at

way, host, *rest = sys.argv[1:]
if way == "external-browser" and not rest:
    # Databricks' own sign-in, as its own client: once by the browser, and then by what was kept.
    with turn_at(8020):
        WorkspaceClient(host=host, auth_type=way)
    workspace = WorkspaceClient(host=host, auth_type=way)
elif way == "external-browser":
    # Without scopes this SDK asks Entra for `all-apis`, which is Databricks' own word.
    scopes = ["2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/user_impersonation"]
    with turn_at(8020):
        workspace = WorkspaceClient(
            host=host, auth_type=way, azure_client_id=rest[0], scopes=scopes
        )
elif way == "azure-cli":
    subprocess.run(["az", "login", "--output", "none"], check=True, timeout=120)
    where = {"azure_workspace_resource_id" if host.startswith("/") else "host": host}
    workspace = WorkspaceClient(auth_type=way, **where)
elif way.endswith("oidc"):
    client = rest[0] if rest else None
    workspace = WorkspaceClient(host=host, auth_type=way, client_id=client)
elif way == "oauth-m2m":
    workspace = WorkspaceClient(host=host, auth_type=way, client_id=rest[0], client_secret=rest[1])
elif way == "github-oidc-azure":
    workspace = WorkspaceClient(host=host, auth_type=way, azure_client_id=rest[0])
else:
    workspace = WorkspaceClient(
        host=host,
        auth_type="azure-client-secret",
        azure_client_id=rest[0],
        azure_tenant_id=rest[1],
        azure_client_secret=rest[2],
    )
me = workspace.current_user.me()
clusters = [cluster.cluster_name for cluster in workspace.clusters.list()]
print(json.dumps({"me": me.user_name, "clusters": clusters}))
