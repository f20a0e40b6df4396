"""The second of the article's msal calls: name and password, no browser."""

import sys

import msal

client, tenant, username, password = sys.argv[1:]
app = msal.PublicClientApplication(
    client_id=client, authority=f"https://login.microsoftonline.com/{tenant}"
)
answer = app.acquire_token_by_username_password(
    username=username, password=password, scopes=["2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"]
)
if "error" in answer:
    print("Error: " + answer["error"])
    print("Description: " + answer["error_description"])
else:
    print("Access token:\n")
    print(answer["access_token"])
    print("\nRefresh token:\n")
    print(answer["refresh_token"])
