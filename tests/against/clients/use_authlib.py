"""authlib's OAuth2Session with the authority's metadata, and the ID token checked by authlib."""

import json
import sys
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from secrets import token_urlsafe

import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

issuer, client, scope = sys.argv[1:]
metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=30).json()
assert metadata["issuer"] == issuer, metadata["issuer"]
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
    session = OAuth2Session(
        client,
        scope=f"openid profile offline_access {scope}",
        redirect_uri=f"http://localhost:{server.server_port}",
        code_challenge_method="S256",
        token_endpoint_auth_method="none",
        default_timeout=30,
    )
    verifier, nonce = token_urlsafe(48), token_urlsafe(16)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    webbrowser.open(url)
    server.handle_request()

token = session.fetch_token(
    metadata["token_endpoint"],
    authorization_response=address[0],
    state=state,
    code_verifier=verifier,
)
keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())
claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": issuer},
    aud={"essential": True, "value": client},
    nonce={"essential": True, "value": nonce},
    exp={"essential": True},
).validate(claims)
first = token["access_token"]
fresh = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
print(
    json.dumps(
        {
            "access_token": fresh["access_token"],
            "username": claims["preferred_username"],
            "fresh": fresh["access_token"] != first,
        }
    )
)
