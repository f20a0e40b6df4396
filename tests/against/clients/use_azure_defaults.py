"""azure-identity's credentials without a single argument, after `az login` where they need it."""

import json
import subprocess
import sys

from azure.identity import AzureCliCredential, DefaultAzureCredential, InteractiveBrowserCredential

WAYS = {
    "browser": InteractiveBrowserCredential,
    "cli": AzureCliCredential,
    "default": DefaultAzureCredential,
}

way, scope = sys.argv[1:]
if way != "browser":
    subprocess.run(["az", "login", "--output", "none"], check=True, timeout=120)
token = WAYS[way]().get_token(scope)
print(json.dumps({"access_token": token.token, "expires_on": token.expires_on}))
