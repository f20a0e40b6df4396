"""Lab 15, one solution of many: a list of what is allowed, and no other grant."""

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def allowed(app: str, grant_type: str, age: float, screens: set[str]) -> bool:
    if grant_type == "authorization_code":
        return True
    return grant_type == DEVICE and app in screens and age <= 900
