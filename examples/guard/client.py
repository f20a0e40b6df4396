"""A client of one's own, such as a contract guards: the code flow with PKCE.

entra-oauth practice run --record rec -- python3 client.py
"""

import hashlib
import json
import os
import secrets
import urllib.request
import webbrowser
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

TENANT = os.environ.get("TENANT", "a1bc2d34-5e67-8f89-01ab-c2345d6c78de")
CLIENT = os.environ.get("CLIENT", "12a34b56-789c-0d12-e3fa-b456789c0123")
AUTHORITY = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0"
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"


came: dict[str, list[str]] = {}


class Landing(BaseHTTPRequestHandler):
    """Takes the redirect back, once."""

    def do_GET(self) -> None:
        came.update(parse_qs(urlsplit(self.path).query))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def main() -> None:
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    with HTTPServer(("127.0.0.1", 0), Landing) as server:
        server.timeout = 60
        redirect_uri = f"http://localhost:{server.server_port}"
        asked = {
            "client_id": CLIENT,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": state,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        webbrowser.open(f"{AUTHORITY}/authorize?{urlencode(asked)}")
        server.handle_request()
    if not came:
        raise SystemExit("Nobody came back within a minute. The command above opens a browser.")
    if came.get("state") != [state]:
        raise SystemExit("The state is not the one sent.")
    if "code" not in came:
        raise SystemExit(f"There is no code, but {came.get('error', ['nothing'])[0]}.")
    form = {
        "client_id": CLIENT,
        "grant_type": "authorization_code",
        "code": came["code"][0],
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    request = urllib.request.Request(f"{AUTHORITY}/token", data=urlencode(form).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        tokens = json.load(answer)
    print(f"A token for {tokens['scope']}, for {tokens['expires_in']} seconds.")


if __name__ == "__main__":
    main()
