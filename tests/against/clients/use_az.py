"""The Azure CLI as it is: runs its commands in turn and prints how each ended, as JSON.

Where it shows a device's code, somebody types it.
"""

import json
import re
import subprocess
import sys

SHOWN = re.compile(r"open the page (\S+) and enter the code (\S+) to")
BROWSER = [sys.executable, "-P", "-m", "entra_oauth.practice.run.browser_command"]


def run(words):
    az = subprocess.Popen(
        ["az", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    told = b""
    while "--use-device-code" in words and not SHOWN.search(told.decode()):
        line = az.stderr.readline()
        if not line:
            break
        told += line
    shown = SHOWN.search(told.decode())
    if shown:
        subprocess.run([*BROWSER, "--code", shown[2], shown[1]], check=True, timeout=60)
    out, err = az.communicate(timeout=120)
    return {"code": az.returncode, "out": out.decode(), "err": (told + err).decode()}


print(json.dumps([run(words) for words in json.loads(sys.argv[1])]))
