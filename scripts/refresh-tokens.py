"""A new access token and refresh token for Azure Databricks, for a refresh token.

    python3 scripts/refresh-tokens.py [<client ID> <tenant ID> <refresh token>]

The article's script of this name, without msal. `-` for the refresh token asks for it,
or reads it from a pipe.
"""

import article

# Fill these in, or give all three as arguments.
CLIENT_ID = "<client-id>"
TENANT_ID = "<tenant-id>"
REFRESH_TOKEN = "<refresh-token>"


def main(client_id: str, tenant_id: str, refresh_token: str) -> None:
    refresh_token = article.secret("refresh token", refresh_token)
    tokens = article.client(client_id, tenant_id).refresh(refresh_token, "databricks")
    print("\nNew access token:\n")
    print(tokens.access_token)
    print("\nNew refresh token:\n")
    print(tokens.refresh_token)


if __name__ == "__main__":
    usage = "refresh-tokens.py <client ID> <tenant ID> <refresh token>"
    article.run(main, usage, (CLIENT_ID, TENANT_ID, REFRESH_TOKEN))
