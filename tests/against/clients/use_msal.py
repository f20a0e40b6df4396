"""msal, as it is documented: one way to a token for each word. Prints what msal returned."""

import json
import subprocess
import sys
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import msal

HOST = "https://login.microsoftonline.com"
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"


class OnePost(HTTPServer):
    """A web app's redirect URI: keeps the form that the browser posts."""

    form = None

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.form = dict(parse_qsl(body.decode()))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)


def code_flow(app, path):
    with OnePost() as server:
        uri = f"http://localhost:{server.server_port}{path}"
        flow = app.initiate_auth_code_flow([SCOPE], redirect_uri=uri, response_mode="form_post")
        webbrowser.open(flow["auth_uri"])
        server.timeout = 20
        server.handle_request()
    return app.acquire_token_by_auth_code_flow(flow, server.form)


def device(app):
    flow = app.initiate_device_flow([SCOPE])
    browser = [sys.executable, "-P", "-m", "entra_oauth.practice.run.browser_command"]
    subprocess.run(
        [*browser, "--code", flow["user_code"], flow["verification_uri"]], check=True, timeout=30
    )
    return app.acquire_token_by_device_flow(flow)


def refreshed(app, first):
    """Once more by the cache, then by the refresh token."""
    if "error" in first:
        return first
    account = app.get_accounts()[0]
    again = app.acquire_token_silent([SCOPE], account)
    fresh = app.acquire_token_silent([SCOPE], account, force_refresh=True)
    return {**(fresh or {}), "cached": again["access_token"] == first["access_token"]}


def main(way, client, tenant, *rest):
    authority = f"{HOST}/{tenant}"
    if way in ("interactive", "form_post", "password", "device", "refresh"):
        app = msal.PublicClientApplication(client, authority=authority)
    elif way == "secret" or way == "web":
        app = msal.ConfidentialClientApplication(client, rest[0], authority=authority)
    else:
        key, certificate = (Path(file).read_text(encoding="utf-8") for file in rest)
        credential = {"private_key": key, "public_certificate": certificate}
        app = msal.ConfidentialClientApplication(client, credential, authority=authority)
    if way == "interactive":
        answer = app.acquire_token_interactive([SCOPE], timeout=5)
    elif way == "form_post":
        answer = code_flow(app, "/")
    elif way == "web":
        answer = code_flow(app, "/web")
    elif way == "password":
        answer = app.acquire_token_by_username_password(*rest, scopes=[SCOPE])
    elif way == "device":
        answer = device(app)
    elif way == "refresh":
        answer = refreshed(app, app.acquire_token_interactive([SCOPE], timeout=10))
    else:
        answer = app.acquire_token_for_client([SCOPE])
    print(json.dumps(answer))


main(*sys.argv[1:])
