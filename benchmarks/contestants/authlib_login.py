"""authlib's OAuth2Session with a listener of the standard library, as people write it."""

import http.server
import sys
import webbrowser

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

host, tenant, client, scope, ca_file = sys.argv[1:]
received: list[str] = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        received.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You can close this window.")

    def log_message(self, *args: object) -> None:
        pass


server = http.server.HTTPServer(("localhost", 0), Handler)
redirect_uri = f"http://localhost:{server.server_port}"
session = OAuth2Session(
    client,
    scope=f"{scope} openid offline_access",
    redirect_uri=redirect_uri,
    code_challenge_method="S256",
)
session.verify = ca_file
verifier = generate_token(48)
endpoint = f"{host}/{tenant}/oauth2/v2.0"
url, _state = session.create_authorization_url(f"{endpoint}/authorize", code_verifier=verifier)
webbrowser.open(url)
while not received:
    server.handle_request()
token = session.fetch_token(
    f"{endpoint}/token", authorization_response=redirect_uri + received[0], code_verifier=verifier
)
print(token["access_token"])
