"""httpx-oauth's client for Microsoft, as it is documented: code, profile, refresh.

use_httpx_oauth.py TENANT CLIENT SECRET PATH
"""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

from httpx_oauth.clients.microsoft import MicrosoftGraphOAuth2
from one_visit import Door

tenant, client, secret, path = sys.argv[1:]
oauth = MicrosoftGraphOAuth2(client, secret, tenant=tenant, scopes=["User.Read", "offline_access"])


async def main():
    door = Door()
    uri = f"{door.origin}{path}"
    url = await oauth.get_authorization_url(uri, state="a-state")
    sent = parse_qs(urlsplit(door.visited_from(url)).query)
    assert sent["state"] == ["a-state"], sent
    token = await oauth.get_access_token(sent["code"][0], uri)
    oid, name = await oauth.get_id_email(token["access_token"])
    fresh = await oauth.refresh_token(token["refresh_token"])
    print(
        json.dumps(
            {
                "access_token": token["access_token"],
                "username": name,
                "oid": oid,
                "fresh": fresh["access_token"] != token["access_token"],
            }
        )
    )


asyncio.run(main())
