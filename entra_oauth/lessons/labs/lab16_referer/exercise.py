"""The function of lab 16, WRONG ON PURPOSE: to be repaired, never to be copied."""


def landing(query: str) -> tuple[int, dict[str, str], str]:
    """Answer the redirect: return (status, headers, page).

    Send the browser on to /done, let the page load nothing at all, from nowhere,
    and let nobody learn where it came from.
    """
    page = '<h1>Signed in</h1><img src="http://statistics.example/pixel.gif">'
    return 200, {"Content-Type": "text/html"}, page
