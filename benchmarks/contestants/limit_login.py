"""The least that a sign-in can be: the standard library, late imports, nothing checked.

Not to be used: it believes whatever comes.
"""

import os
import socket
import sys

host, tenant, client, scope, ca_file = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
query = (
    f"client_id={client}&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A{port}"
    f"&response_mode=query&scope={scope.replace('/', '%2F')}%20openid%20offline_access&state=x"
)
url = f"{host}/{tenant}/oauth2/v2.0/authorize?{query}"
os.posix_spawnp(os.environ["BROWSER"], [os.environ["BROWSER"], url], os.environ)

import ssl  # noqa: E402 - only now

address = host.removeprefix("https://")
name, _, number = address.partition(":")
context = ssl.create_default_context(cafile=ca_file)
server = context.wrap_socket(
    socket.create_connection((name, int(number or 443))), server_hostname=name
)
browser, _ = listener.accept()
line = browser.recv(65536).split(b" ")[1].decode()
code = dict(pair.split("=", 1) for pair in line.partition("?")[2].split("&"))["code"]
browser.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
browser.close()
body = (
    f"client_id={client}&scope={scope}&code={code}&grant_type=authorization_code"
    f"&redirect_uri=http%3A%2F%2Flocalhost%3A{port}"
).encode()
server.sendall(
    f"POST /{tenant}/oauth2/v2.0/token HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n"
    f"Content-Length: {len(body)}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode()
    + body
)
answer = b""
while piece := server.recv(65536):
    answer += piece
sys.stdout.write(answer.partition(b'"access_token":')[2].split(b'"')[1].decode() + "\n")
sys.stdout.flush()
os._exit(0)
