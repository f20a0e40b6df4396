"""The article's procedure as a script: a browser, an address bar, and curl with its trace.

use_curl.py CLIENT TENANT TRACE
"""

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, quote_plus, urlsplit

client, tenant, trace = sys.argv[1:]
BASE = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d%2F.default"
seen = []


class AddressBar(BaseHTTPRequestHandler):
    def do_GET(self):
        seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"copy the address, please")

    def log_message(self, *args):
        pass


with HTTPServer(("127.0.0.1", 0), AddressBar) as server:
    server.timeout = 20
    redirect = quote_plus(f"http://localhost:{server.server_port}")
    url = (
        f"{BASE}/authorize?client_id={client}&response_type=code&redirect_uri={redirect}"
        f"&response_mode=query&scope={SCOPE}&state=AStateThatOnlyTheTestKnows"
    )
    subprocess.run([os.environ["BROWSER"], url], check=True)
    server.handle_request()

answer = {name: values[0] for name, values in parse_qs(urlsplit(seen[0]).query).items()}
data = (
    f"client_id={client}&scope={SCOPE}&code={quote_plus(answer['code'])}&redirect_uri={redirect}"
    f"&grant_type=authorization_code&state={answer['state']}"
)
kind = "Content-Type: application/x-www-form-urlencoded"
words = ["curl", "-sS", "-X", "POST", "--trace", trace, f"{BASE}/token", "-H", kind, "-d", data]
sys.exit(subprocess.run(words).returncode)
