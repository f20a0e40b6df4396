"""adal, the library before msal, as it is documented: device code, then a refresh. v1.0 only.

    use_adal.py TENANT CLIENT RESOURCE PYTHON

PYTHON has entra_oauth, whose browser types the code.
"""

import json
import subprocess
import sys

import adal

tenant, client, resource, python = sys.argv[1:]
context = adal.AuthenticationContext(f"https://login.microsoftonline.com/{tenant}")
shown = context.acquire_user_code(resource, client)
assert shown["verification_url"] in shown["message"], shown
browser = [python, "-P", "-m", "entra_oauth.practice.run.browser_command"]
typed = [*browser, "--code", shown["user_code"], shown["verification_url"]]
subprocess.run(typed, check=True, timeout=30)
token = context.acquire_token_with_device_code(resource, shown, client)
fresh = context.acquire_token_with_refresh_token(token["refreshToken"], client, resource)
print(
    json.dumps(
        {
            "access_token": token["accessToken"],
            "username": token["userId"],
            "fresh": fresh["accessToken"] != token["accessToken"],
        }
    )
)
