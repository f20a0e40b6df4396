"""The least that a refresh over TLS can be: ssl, a socket, one request. Checks nothing."""

import os
import socket
import ssl
import sys

host, tenant, client, scope, ca_file, token_file = sys.argv[1:]
with open(token_file, encoding="utf-8") as file:
    refresh_token = file.read()
address = host.removeprefix("https://")
name, _, number = address.partition(":")
context = ssl.create_default_context(cafile=ca_file)
server = context.wrap_socket(
    socket.create_connection((name, int(number or 443))), server_hostname=name
)
body = (
    f"client_id={client}&grant_type=refresh_token&refresh_token={refresh_token}&scope={scope}"
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
