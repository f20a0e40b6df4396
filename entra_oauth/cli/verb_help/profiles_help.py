"""What the help says of the verbs under `Profiles`."""

from entra_oauth.cli.verb_help.texts import VerbHelp

__all__ = ["VERBS"]

VERBS = (
    VerbHelp(
        name="profile list",
        summary="the profiles",
        description="List the profiles; the default one has a star.",
        examples=("entra-oauth profile list",),
    ),
    VerbHelp(
        name="profile show",
        summary="what a profile says",
        description="Show the values of a profile; of the default one if none is named.",
        examples=("entra-oauth profile show work",),
    ),
    VerbHelp(
        name="profile set",
        summary="set values of a profile",
        description=(
            "Make a profile, or change values of one. An empty value removes it. Lists are "
            "written with commas. The keys: tenant, client_id, scope, workspace_url, cloud, "
            "authority_host, account, flow, username, certificate, certificate_algorithm, "
            "federated_token_source, federated_token_file, federated_token_env, "
            "service_connection_id, managed_identity_source, managed_identity_id, redirect_uri, "
            "login_hint, domain_hint, exchange, subject_token, exchange_client_id, "
            "exchange_account, exchange_audience, cache, ca_bundle; also (scopes that helpers "
            "may hand out too) and hosts (that a token may go to too). No secret belongs there."
        ),
        examples=(
            "entra-oauth profile set work tenant=TENANT client_id=CLIENT scope=databricks",
            "entra-oauth profile set work workspace_url=https://adb-….azuredatabricks.net",
        ),
    ),
    VerbHelp(
        name="profile use",
        summary="make a profile the default",
        description="Use this profile where none is named.",
        examples=("entra-oauth profile use work",),
    ),
    VerbHelp(
        name="profile delete",
        summary="remove a profile (its tokens stay)",
        description="Remove a profile. Tokens are not touched: that is what logout does.",
        examples=("entra-oauth profile delete work",),
    ),
)
