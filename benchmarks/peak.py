"""Run a command and write its peak of memory, in kilobytes, to a file: peak.py FILE COMMAND…

A process of its own, and a small one: a child's peak begins with what its parent had.
"""

import os
import sys

pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
