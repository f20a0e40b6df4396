"""What the help says of the verbs under `Use tokens`."""

from entra_oauth.cli.verb_help.texts import VerbHelp

__all__ = ["VERBS"]

VERBS = (
    VerbHelp(
        name="api",
        summary="call the API of a Databricks workspace with the token",
        description=(
            "Send METHOD PATH to a workspace and print its answer: laid out on a terminal, "
            "untouched in a pipe. The token comes from the last sign-in, from standard input or "
            "from a file descriptor, and goes to no host but its own API's. Only a GET is sent "
            "again when the workspace is busy. Exit code 1 means HTTP 400 or above, explained."
        ),
        examples=(
            "entra-oauth api GET /api/2.0/clusters/list --workspace-url URL",
            "entra-oauth login -o token | entra-oauth api GET /api/2.0/clusters/list "
            "--token-stdin --workspace-url URL",
            "entra-oauth api POST /api/2.0/clusters/start --data @body.json --workspace-url URL",
        ),
        takes=("METHOD and PATH stand side by side, after api; a token is never an argument."),
    ),
    VerbHelp(
        name="run",
        summary="run a program with the token in its environment",
        description=(
            "Run a program with DATABRICKS_HOST, DATABRICKS_TOKEN and DATABRICKS_AUTH_TYPE=pat "
            "in its environment, or ENTRA_ACCESS_TOKEN for another API. The token is not renewed "
            "while it runs. Where the app itself asks, the variables with its proof are not "
            "handed on. The exit code is the program's."
        ),
        examples=("entra-oauth run -- python job.py",),
    ),
    VerbHelp(
        name="serve metadata",
        summary="tokens for the Databricks SDKs, renewed as needed",
        description=(
            "Serve tokens on loopback to the Databricks SDKs until Ctrl-C. Prints the address "
            "for DATABRICKS_METADATA_SERVICE_URL; whoever knows it can have tokens."
        ),
        examples=(
            "entra-oauth serve metadata",
            "export DATABRICKS_METADATA_SERVICE_URL=http://127.0.0.1:PORT/…",
        ),
    ),
    VerbHelp(
        name="serve identity",
        summary="tokens for programs that look for a managed identity",
        description=(
            "Serve tokens of an app in the shape of Azure App Service's managed identity, so "
            "that a program with azure-identity or msal gets them unchanged: in a container "
            "beside this one, or started here. It asks by IDENTITY_ENDPOINT and the secret "
            "IDENTITY_HEADER, which a FILE or the PROGRAM is given. Only the named audiences are "
            "served. Ends with the program, or by Ctrl-C."
        ),
        examples=(
            "entra-oauth serve identity --audience https://vault.azure.net -- python3 job.py",
            "entra-oauth serve identity --audience https://vault.azure.net --env-file "
            "/shared/identity.env",
        ),
    ),
    VerbHelp(
        name="credential kubectl",
        summary="an ExecCredential for kubectl",
        description=(
            "Print an ExecCredential (client.authentication.k8s.io). To be named as the command "
            "of an exec plugin in a kubeconfig."
        ),
        examples=("entra-oauth credential kubectl --profile aks",),
    ),
    VerbHelp(
        name="credential az",
        summary="what `az account get-access-token` prints, without az",
        description=(
            "Answer as Azure's command line does, for the scopes of the profile only. With "
            "--install, a program named az is written that calls this: azure-identity's "
            "AzureCliCredential takes it."
        ),
        examples=(
            "entra-oauth credential az --profile work --install ~/shims",
            "entra-oauth credential az -- account get-access-token --resource RESOURCE",
        ),
    ),
    VerbHelp(
        name="credential databricks-cli",
        summary="what `databricks auth token` prints",
        description=(
            "Answer as Databricks' command line does, for the hosts of the profile only. With "
            "--install, a program named databricks is written that calls this, for "
            "DATABRICKS_CLI_PATH."
        ),
        examples=(
            "entra-oauth credential databricks-cli --profile work --install ~/shims",
            "entra-oauth credential databricks-cli -- auth token --host HOST",
        ),
    ),
    VerbHelp(
        name="credential git",
        summary="a credential helper of git, for the hosts of the profile",
        description=(
            "Speak git's credential protocol on standard input and output. Answers only get, "
            "only over https, and only for hosts that the token is for."
        ),
        examples=("git config credential.helper '!entra-oauth credential git --profile work'",),
    ),
)
