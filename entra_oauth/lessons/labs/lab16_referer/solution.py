"""Lab 16, one solution of many: an empty page that is left at once and may load nothing."""


def landing(query: str) -> tuple[int, dict[str, str], str]:
    headers = {
        "Location": "/done",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'",
    }
    return 303, headers, ""
