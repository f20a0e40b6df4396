"""A redirect URI on this machine, at a port of its own, that is visited once."""

import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer


class Door:
    """Opened before the sign-in begins, so that its port is known."""

    def __init__(self):
        door = self

        class Visit(BaseHTTPRequestHandler):
            def do_GET(self):
                door.target = self.path
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.target = ""
        self._server = HTTPServer(("127.0.0.1", 0), Visit)
        self._server.timeout = 20
        self.origin = f"http://localhost:{self._server.server_port}"

    def visited_from(self, url):
        """Send the browser to `url`: the path and query with which it comes here in the end."""
        webbrowser.open(url)
        with self._server:
            self._server.handle_request()
        return self.target
