"""The clusters of an Azure Databricks workspace, by its REST API and an access token.

    python3 scripts/list-clusters.py [<databricks instance> <access token>
                                      [<subscription> <resource group> <workspace>]]

The article's REST example. `-` for the token asks for it, or reads it from a pipe. The
last three name the workspace's Azure resource, for its Contributors and Owners who are
no members of the workspace.
"""

import json

import article

# Fill these in, or give both as arguments.
DATABRICKS_INSTANCE = "<databricks-instance>"
ACCESS_TOKEN = "<access-token>"


def main(databricks_instance: str, access_token: str, *resource: str) -> None:
    from entra_oauth.protocol.resource.workspace import Workspace
    from entra_oauth.protocol.resource.workspace_api import ApiCall, resource_id

    workspace = Workspace(databricks_instance)
    cloud = workspace.cloud.name if workspace.cloud else "public"
    call = ApiCall(
        method="GET",
        url=workspace.url + "/api/2.0/clusters/list",
        access_token=article.secret("access token", access_token),
        scopes=("databricks",),
        authority=article.authority("organizations", cloud),
        resource_id=resource_id(*resource) if resource else None,
    )
    print(json.dumps(json.loads(article.send(call)), indent=2))


if __name__ == "__main__":
    usage = "list-clusters.py <databricks instance> <access token>"
    more = " [<subscription> <resource group> <workspace>]"
    article.run(main, usage + more, (DATABRICKS_INSTANCE, ACCESS_TOKEN), further=(5,))
