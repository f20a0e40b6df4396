"""`python -m entra_oauth` is the same as `entra-oauth`."""

import sys

# No syntax of a later Python stands before this line, here and in the package's own file.
if sys.version_info < (3, 11):  # noqa: UP036 - the one who runs an older one is told so
    found = ".".join(map(str, sys.version_info[:2]))
    advice = " Run: py -3.11 -m entra_oauth" if sys.platform == "win32" else ""
    sys.exit("entra-oauth needs Python 3.11 or later, and this is Python %s.%s" % (found, advice))  # noqa: UP031

from entra_oauth.cli import program

if __name__ == "__main__":
    program()
