"""msgraph-sdk with azure-identity's default browser credential, as Microsoft documents it."""

import asyncio
import json

from azure.identity import InteractiveBrowserCredential
from kiota_abstractions.api_error import APIError
from msgraph import GraphServiceClient


async def refusal(asked):
    try:
        await asked
    except APIError as error:
        return [error.response_status_code, error.error.code]
    return None


async def main():
    scopes = ["https://graph.microsoft.com/.default"]
    graph = GraphServiceClient(InteractiveBrowserCredential(), scopes)
    me = await graph.me.get()
    bob = await graph.users.by_user_id("bob@contoso-practice.example").get()
    organization = await graph.organization.get()
    photo = await graph.me.photo.content.get()
    signed_in = await graph.audit_logs.sign_ins.get()
    print(
        json.dumps(
            {
                "me": me.user_principal_name,
                "bob": bob.display_name,
                "organization": organization.value[0].display_name,
                "photo": photo[1:4].decode(),
                "signed_in": [
                    [each.user_principal_name, each.app_display_name, each.status.error_code]
                    for each in signed_in.value
                ],
                "nobody": await refusal(graph.users.by_user_id("nobody@x.example").get()),
                "no path": await refusal(graph.me.messages.get()),
            }
        )
    )


asyncio.run(main())
