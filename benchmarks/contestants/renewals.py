"""A program that lives and renews again and again, with the keys of the day at hand or without.

Arguments: see `stage.contestant`; then `with` or `without`, and a file with a refresh token.
Prints the median of its renewals in milliseconds, the first not counted.
"""

import statistics
import sys
import time
from pathlib import Path

from entra_oauth import Authority, PublicClient
from entra_oauth.client import local_channels
from entra_oauth.protocol.endpoints.signing_keys import KeysRequest, SigningKeys

host, tenant, client_id, scope, ca, keys, token_file = sys.argv[1:]
client = PublicClient(Authority(host, tenant), client_id)
token: str | None = Path(token_file).read_text(encoding="utf-8")
took = []
with local_channels(ca_bundle=ca) as channels:
    if keys == "with":
        request, back = KeysRequest(client.authority), channels.aside or channels.back
        reply = back.send(request.to_http(), timeout_s=15)
        found = SigningKeys.read(reply, answering=request, received_at=channels.now())
        client.keys.put(client.authority, found)
    for _ in range(11):
        assert token is not None
        began = time.perf_counter()
        tokens = client.refresh(token, scope, channels=channels)
        took.append((time.perf_counter() - began) * 1000)
        assert tokens.id_token is not None
        assert not tokens.warnings
        token = tokens.refresh_token
print(statistics.median(took[1:]))
