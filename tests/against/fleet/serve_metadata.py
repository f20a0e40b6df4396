"""A practice tenant at one address of this machine, until it is ended. Prints what it is asked.

python serve_metadata.py ADDRESS PORT
"""

from __future__ import annotations

import sys
import threading

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

ADDRESS, PORT = sys.argv[1], int(sys.argv[2])
TENANT = PracticeTenant(directory=DEFAULT.with_admin_consent())


def handle(request: HttpRequest) -> HttpResponse:
    names = " ".join(sorted(name.lower() for name, _ in request.headers))
    print(request.path, request.query, names, flush=True)
    return TENANT.handle(request)


host = LoopbackHost(handle, port=PORT, address=ADDRESS)
host.start()
print("ready", flush=True)
threading.Event().wait()
