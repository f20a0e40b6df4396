"""O365, as it is documented: a web app's sign-in, and the person's own data from Graph.

use_o365.py TENANT CLIENT SECRET PATH
"""

import json
import sys

from O365 import Account
from O365.utils.token import MemoryTokenBackend
from one_visit import Door

tenant, client, secret, path = sys.argv[1:]
account = Account(
    (client, secret), tenant_id=tenant, token_backend=MemoryTokenBackend(), raise_http_errors=True
)
door = Door()
uri = f"{door.origin}{path}"
url, flow = account.con.get_authorization_url(
    ["https://graph.microsoft.com/User.Read"], redirect_uri=uri
)
arrived = f"{door.origin}{door.visited_from(url)}"
assert account.con.request_token(arrived, flow=flow, redirect_uri=uri)
me = account.directory(resource="me").get_current_user()
print(
    json.dumps(
        {
            "access_token": account.con.token_backend.get_access_token()["secret"],
            "username": me.user_principal_name,
            "oid": me.object_id,
        }
    )
)
