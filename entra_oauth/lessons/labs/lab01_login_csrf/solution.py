"""Lab 1, one solution of many: state is compared first, and each name may come once."""

import hmac


def accept(expected_state: str, fields: list[tuple[str, str]]) -> str:
    states = [value for name, value in fields if name == "state"]
    codes = [value for name, value in fields if name == "code"]
    if not expected_state or len(states) != 1 or len(codes) != 1:
        raise ValueError("not one state and one code (RFC 6749 section 3.1)")
    if not hmac.compare_digest(states[0].encode(), expected_state.encode()):
        raise ValueError("not our state")
    if not codes[0]:
        raise ValueError("a parameter without a value counts as left out")
    return codes[0]
