"""msal as its documentation shows it: login, token or race. Arguments: see `stage.contestant`."""

import os
import sys

import msal  # type: ignore[import-untyped, unused-ignore]

host, tenant, client, scope, _ca, what, cache_file = sys.argv[1:]

if what == "race":
    from msal_extensions import FilePersistence, PersistedTokenCache  # type: ignore[import-untyped, unused-ignore]

    cache = PersistedTokenCache(FilePersistence(cache_file))
else:
    cache = msal.SerializableTokenCache()
    if os.path.exists(cache_file):
        with open(cache_file, encoding="utf-8") as file:
            cache.deserialize(file.read())

app = msal.PublicClientApplication(
    client, authority=f"{host}/{tenant}", token_cache=cache, instance_discovery=False
)
if what == "login":
    result = app.acquire_token_interactive(scopes=[scope])
else:
    result = app.acquire_token_silent([scope], account=app.get_accounts()[0])
if what != "race" and cache.has_state_changed:
    with open(cache_file, "w", encoding="utf-8") as file:
        file.write(cache.serialize())
print(result["access_token"])
