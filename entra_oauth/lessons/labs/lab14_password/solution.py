"""Lab 14, one solution of many: the five parameters of the code flow, and no sixth."""


def token_form(given: dict[str, str]) -> dict[str, str]:
    form = {"grant_type": "authorization_code"}
    for name in ("client_id", "code", "redirect_uri", "code_verifier"):
        form[name] = given[name]
    return form
