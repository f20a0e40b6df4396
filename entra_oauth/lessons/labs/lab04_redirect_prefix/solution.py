"""Lab 4, one solution of many: the whole text, once the port of localhost is taken out."""

import re

LOCAL_PORT = re.compile(r"\A(http://localhost):[0-9]{1,5}(?=[/?]|\Z)")


def is_registered(registered: list[str], asked: str) -> bool:
    return _without_port(asked) in [_without_port(uri) for uri in registered]


def _without_port(uri: str) -> str:
    return LOCAL_PORT.sub(r"\1", uri)
