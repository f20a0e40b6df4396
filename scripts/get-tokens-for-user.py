"""An access token and a refresh token for Azure Databricks, by user name and password.

    python3 scripts/get-tokens-for-user.py [<client ID> <tenant ID> <username> <password>]

The article's script of this name, without msal. `-` for the password asks for it, or
reads it from a pipe. The flow is on its way out; it knows no second factor.
"""

import article

# Fill these in, or give all four as arguments.
CLIENT_ID = "<client-id>"
TENANT_ID = "<tenant-id>"
USERNAME = "<username>"
PASSWORD = "<password>"


def main(client_id: str, tenant_id: str, username: str, password: str) -> None:
    password = article.secret("password", password)
    client = article.client(client_id, tenant_id)
    tokens = client.password("databricks", username=username, password=password)
    print("Access token:\n")
    print(tokens.access_token)
    print("\nRefresh token:\n")
    print(tokens.refresh_token or "(none came)")


if __name__ == "__main__":
    usage = "get-tokens-for-user.py <client ID> <tenant ID> <username> <password>"
    article.run(main, usage, (CLIENT_ID, TENANT_ID, USERNAME, PASSWORD))
