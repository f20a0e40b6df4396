"""SHA-256 from Python itself: `hashlib` loads all of OpenSSL, which a browser need not wait for.

Python's own module has had two names; where it has neither, `hashlib` it is.
"""

from __future__ import annotations

try:
    from _sha2 import sha256  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from hashlib import sha256

__all__ = ["sha256"]
