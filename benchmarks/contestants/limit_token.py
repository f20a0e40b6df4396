"""The least that a cached token can be: one line in one file."""

import sys
import time

with open(sys.argv[-1], encoding="utf-8") as file:
    expires, token = file.read().split()
if float(expires) > time.time():
    print(token)
