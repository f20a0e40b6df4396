"""An access token and a refresh token for Azure Databricks, by a sign-in in the browser.

    python3 scripts/get-tokens.py [<client ID> <tenant ID>]

The article's script of this name, without msal. If you are not signed in to Azure, your
browser asks you to.
"""

import article

# Fill these in, or give both as arguments.
CLIENT_ID = "<client-id>"
TENANT_ID = "<tenant-id>"


def main(client_id: str, tenant_id: str) -> None:
    tokens = article.client(client_id, tenant_id).sign_in("databricks")
    print("Access token:\n")
    print(tokens.access_token)
    print("\nRefresh token:\n")
    print(tokens.refresh_token or "(none came)")


if __name__ == "__main__":
    article.run(main, "get-tokens.py <client ID> <tenant ID>", (CLIENT_ID, TENANT_ID))
