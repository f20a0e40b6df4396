"""Lab 6, one solution of many: iss is compared whenever it comes (RFC 9207 section 2.4)."""


def accept(issuer: str, promises_iss: bool, fields: list[tuple[str, str]]) -> str:
    codes = [value for name, value in fields if name == "code"]
    issuers = [value for name, value in fields if name == "iss"]
    if len(codes) != 1 or len(issuers) > 1:
        raise ValueError("each name comes once (RFC 6749 section 3.1)")
    if promises_iss and not issuers:
        raise ValueError("iss is missing")
    if issuers and issuers[0] != issuer:
        raise ValueError("another authority answered")
    return codes[0]
