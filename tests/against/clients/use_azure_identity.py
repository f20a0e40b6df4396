"""azure-identity, as it is documented. Prints the token's text and its end."""

import json
import subprocess
import sys
import warnings

from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    DeviceCodeCredential,
    InteractiveBrowserCredential,
    UsernamePasswordCredential,
)

SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"


def type_code(uri, code, expires_on):
    browser = [
        sys.executable,
        "-P",
        "-m",
        "entra_oauth.practice.run.browser_command",
        "--code",
        code,
        uri,
    ]
    subprocess.run(browser, check=True, timeout=30)


def credential(way, client, tenant, *rest):
    if way == "browser":
        return InteractiveBrowserCredential(tenant_id=tenant, client_id=client, timeout=10)
    if way == "device":
        return DeviceCodeCredential(
            client_id=client, tenant_id=tenant, prompt_callback=type_code, timeout=20
        )
    if way == "password":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return UsernamePasswordCredential(client, *rest, tenant_id=tenant)
    if way == "secret":
        return ClientSecretCredential(tenant, client, rest[0])
    return CertificateCredential(tenant, client, rest[0])


token = credential(*sys.argv[1:]).get_token(SCOPE)
print(json.dumps({"access_token": token.token, "expires_on": token.expires_on}))
