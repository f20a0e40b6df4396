"""The article's third script: an access token is used at the workspace's REST API."""

import json
import sys

import requests

instance, token = sys.argv[1], sys.stdin.read().strip()
response = requests.get(
    url=f"https://{instance}/api/2.0/clusters/list",
    headers={"Authorization": "Bearer " + token},
    timeout=30,
)
print(json.dumps(json.loads(response.text), indent=2))
