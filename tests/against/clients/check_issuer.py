"""PyJWT, as a service uses it that lets jobs in: it knows their issuer, and nothing else.

Prints the subject of the token on standard input.
"""

import json
import sys
import urllib.request

import jwt

issuer, audience = sys.argv[1:]
token = sys.stdin.read().strip()
at = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
with urllib.request.urlopen(at) as answer:
    found = json.load(answer)
key = jwt.PyJWKClient(found["jwks_uri"]).get_signing_key_from_jwt(token)
claims = jwt.decode(
    token,
    key,
    algorithms=found["id_token_signing_alg_values_supported"],
    audience=audience,
    issuer=issuer,
    options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub"]},
)
print(json.dumps({"sub": claims["sub"]}))
