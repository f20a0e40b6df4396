"""requests_oauth2client: discovery, code flow with PKCE and nonce, ID token checked, refresh."""

import json
import sys
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer

from requests_oauth2client import OAuth2Client

issuer, client_id, scope = sys.argv[1:]
address = []


class Landing(BaseHTTPRequestHandler):
    def do_GET(self):
        address.append(f"http://{self.headers['Host']}{self.path}")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


with HTTPServer(("127.0.0.1", 0), Landing) as server:
    server.timeout = 20
    client = OAuth2Client.from_discovery_endpoint(
        f"{issuer}/.well-known/openid-configuration",
        issuer=issuer,
        client_id=client_id,
        redirect_uri=f"http://localhost:{server.server_port}",
    )
    request = client.authorization_request(scope=f"openid profile offline_access {scope}")
    webbrowser.open(str(request))
    server.handle_request()

answer = request.validate_callback(address[0])
token = client.authorization_code(answer, validate=True)
fresh = client.refresh_token(token.refresh_token)
print(
    json.dumps(
        {
            "access_token": fresh.access_token,
            "username": token.id_token.claims["preferred_username"],
            "fresh": fresh.access_token != token.access_token,
        }
    )
)
