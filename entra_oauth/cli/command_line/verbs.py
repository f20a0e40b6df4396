"""The verbs: what each is for, and which options it takes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GROUPS", "VERBS", "Verb"]

_APP = ("tenant", "client-id", "scope", "cloud", "authority-host")
_REQUEST = ("redirect-uri", "response-mode", "prompt", "login-hint", "domain-hint")
_DOOR = ("paste", "port", "listen", "no-browser", "browser", "timeout")
_NETWORK = ("http-timeout", "ca-bundle", "allow-keylog", "record", "redact")
_OUTPUT = ("output", "json", "quiet")
_KEPT = ("profile", "account", "tenant", "client-id", "scope", "cloud", "authority-host")
_RENEW = ("min-validity", "force-refresh")
_HANDED_ON = ("workspace-url", *_KEPT, *_RENEW, *_NETWORK[:3], "quiet")
_LOGS = ("claims", "correlation-id")
_TOLD = ("live-explain", "pause", "predict")
_FLOW = (
    "flow",
    "username",
    "password-stdin",
    "password-fd",
    "client-secret-stdin",
    "client-secret-fd",
    "certificate",
    "certificate-algorithm",
    "certificate-passphrase-stdin",
    "certificate-passphrase-fd",
    "federated-token-file",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb; its module in this room has a `run(args, console) -> int`.

    A name of two words is one of several things to do with the first word.
    """

    name: str
    module: str
    summary: str
    description: str
    options: tuple[str, ...]
    examples: tuple[str, ...] = ()
    output: str = "summary"
    """The format of the result unless another is asked for."""
    word: str = ""
    """What may follow the verb freely, as the help names it; it is `args.word`."""
    words: str = ""
    """The same where several may follow; they are `args.words`."""
    meaning: str = ""
    """What the help says of these."""
    as_given: bool = False
    """Whether tenant and client id are sent as they were given, and not in Entra's spelling."""
    runs: bool = False
    """Whether a program follows after `--`; it is `args.program`."""
    takes: str = ""
    """What to do instead of giving the input as an argument."""


_ALL = (
    Verb(
        name="mirror",
        module="article.mirror",
        summary="the article's procedure, byte for byte: address, redirect, state, token request",
        description="Run the documented browser-and-curl procedure exactly: no PKCE, no refresh "
        "token, nothing kept. Prints the access token.",
        as_given=True,
        options=(
            "print",
            "prove",
            *_APP,
            "workspace-url",
            "state",
            *_REQUEST,
            *_DOOR,
            *_NETWORK,
            *_TOLD,
            *_OUTPUT,
        ),
        examples=(
            "entra-oauth mirror --tenant TENANT --client-id CLIENT",
            "entra-oauth mirror --print --tenant TENANT --client-id CLIENT",
            "entra-oauth mirror --prove",
        ),
        output="token",
    ),
    Verb(
        name="authorize-url",
        module="article.authorize_url",
        summary="the first half: print the authorize URL and remember its state",
        description="Print the authorize URL. What `exchange` must know (state, verifier, nonce) "
        "is kept for an hour in a file that only you can read.",
        as_given=True,
        options=("procedure", *_APP, "state", *_REQUEST, "json", "quiet"),
        examples=("entra-oauth authorize-url --tenant TENANT --client-id CLIENT",),
    ),
    Verb(
        name="exchange",
        module="article.exchange",
        summary="the second half: read the final address, check its state, redeem the code",
        description="Read the address that the browser ended on, from a prompt or from standard "
        "input, find the request that it answers, and redeem its code. Prints the access token.",
        as_given=True,
        options=(*_APP, "state", "redirect-uri", *_NETWORK, *_OUTPUT),
        examples=("entra-oauth exchange", "pbpaste | entra-oauth exchange"),
        output="token",
        takes="The address is read from a prompt or from standard input: other programs can see a "
        "command line, and the shell keeps it. If it held a code, sign in again.",
    ),
    Verb(
        name="login",
        module="get_tokens.login",
        summary="sign in safely: PKCE, a checked ID token, the code kept out of the history",
        description="Sign in with everything that is advised today: PKCE S256, a 256-bit state, "
        "a nonce, form_post. Prints who signed in and until when. With --flow in another way: on "
        "another device, with a password, or as the app itself.",
        options=(
            *("dry-run", "profile", "save-profile", "cache", "env-name"),
            *_APP,
            "workspace-url",
            *_FLOW,
            *_REQUEST,
            *_LOGS,
            *_DOOR,
            *_NETWORK,
            *_TOLD,
            *_OUTPUT,
        ),
        examples=(
            "entra-oauth login --tenant TENANT --client-id CLIENT",
            "entra-oauth login --explain --tenant TENANT --client-id CLIENT",
            "entra-oauth login --tenant TENANT --client-id CLIENT -o token",
            "entra-oauth login --flow device-code --tenant TENANT --client-id CLIENT",
            "entra-oauth login --flow client-credentials --certificate app.pem --tenant TENANT "
            "--client-id CLIENT",
        ),
    ),
    Verb(
        name="refresh",
        module="get_tokens.refresh",
        summary="a refresh token from standard input for a fresh access token",
        description="Read a refresh token from a prompt or from standard input and exchange it. "
        "Prints the access token; -o json holds the new refresh token too. Exit code 4 means "
        "that it is dead: sign in again.",
        options=(*_APP, *_LOGS, *_NETWORK, *_OUTPUT),
        examples=("entra-oauth refresh --tenant TENANT --client-id CLIENT < FILE",),
        output="token",
        takes="The token is read from a prompt or from standard input: other programs can see a "
        "command line, and the shell keeps it.",
    ),
    Verb(
        name="token",
        module="get_tokens.token",
        summary="a valid access token: kept, or renewed; the person is not asked",
        description="Print the access token of whoever signed in. It is renewed when it is about "
        "to expire, by one process only, however many ask. Exit code 4 means that a person must "
        "sign in; --interactive lets them.",
        options=(
            *("interactive", *_KEPT, "workspace-url", *_RENEW, "cache", "env-name"),
            *(*_REQUEST, *_LOGS, *_DOOR, *_NETWORK, *_OUTPUT),
        ),
        examples=(
            "entra-oauth token",
            "entra-oauth token --scope graph -o json",
            'curl -H "$(entra-oauth token -o header)" https://…',
        ),
        output="token",
    ),
    Verb(
        name="status",
        module="get_tokens.status",
        summary="who has signed in, until when, and where each value comes from",
        description="Show the values that are used and where each comes from, the accounts that "
        "are kept here, and how long their tokens are good. Nothing is sent.",
        options=(*_KEPT, "workspace-url", "cache", "json", "quiet"),
        examples=("entra-oauth status", "entra-oauth status --json"),
    ),
    Verb(
        name="logout",
        module="get_tokens.logout",
        summary="forget an account's tokens, and say what is still honoured",
        description="Remove an account's tokens from this machine. Nothing is sent: what the "
        "authority and the APIs still honour is said, with the address that signs the browser "
        "out, which is the result.",
        options=("all", *_KEPT, "workspace-url", "json", "quiet"),
        examples=("entra-oauth logout", "entra-oauth logout --all"),
    ),
    Verb(
        name="profile list",
        module="profile",
        summary="the profiles",
        description="List the profiles; the default one has a star.",
        options=("json", "quiet"),
        examples=("entra-oauth profile list",),
    ),
    Verb(
        name="profile show",
        module="profile",
        summary="what a profile says",
        description="Show the values of a profile; of the default one if none is named.",
        options=("json", "quiet"),
        examples=("entra-oauth profile show work",),
        words="NAME",
        meaning="which profile",
    ),
    Verb(
        name="profile set",
        module="profile",
        summary="set values of a profile",
        description="Make a profile, or change values of one. An empty value removes it. Lists "
        "are written with commas.",
        options=("quiet",),
        examples=(
            "entra-oauth profile set work tenant=TENANT client_id=CLIENT scope=databricks",
            "entra-oauth profile set work workspace_url=https://adb-….azuredatabricks.net",
        ),
        words="NAME KEY=VALUE",
        meaning="which profile, and what to set in it",
    ),
    Verb(
        name="profile use",
        module="profile",
        summary="make a profile the default",
        description="Use this profile where none is named.",
        options=("quiet",),
        examples=("entra-oauth profile use work",),
        words="NAME",
        meaning="which profile",
    ),
    Verb(
        name="profile delete",
        module="profile",
        summary="remove a profile (its tokens stay)",
        description="Remove a profile. Tokens are not touched: that is what logout does.",
        options=("quiet",),
        examples=("entra-oauth profile delete work",),
        words="NAME",
        meaning="which profile",
    ),
    Verb(
        name="run",
        module="use_tokens.run",
        summary="run a program with the token in its environment",
        description="Run a program with DATABRICKS_HOST, DATABRICKS_TOKEN and "
        "DATABRICKS_AUTH_TYPE=pat in its environment, or ENTRA_ACCESS_TOKEN for another API. The "
        "token is not renewed while it runs. The exit code is the program's.",
        options=("env-name", *_HANDED_ON),
        examples=("entra-oauth run -- python job.py",),
        runs=True,
    ),
    Verb(
        name="serve metadata",
        module="use_tokens.serve_metadata",
        summary="tokens for the Databricks SDKs, renewed as needed",
        description="Serve tokens on loopback to the Databricks SDKs until Ctrl-C. Prints the "
        "address for DATABRICKS_METADATA_SERVICE_URL; whoever knows it can have tokens.",
        options=("serve-port", *_HANDED_ON),
        examples=(
            "entra-oauth serve metadata",
            "export DATABRICKS_METADATA_SERVICE_URL=http://127.0.0.1:PORT/…",
        ),
    ),
    Verb(
        name="credential kubectl",
        module="use_tokens.credential",
        summary="an ExecCredential for kubectl",
        description="Print an ExecCredential (client.authentication.k8s.io). To be named as the "
        "command of an exec plugin in a kubeconfig.",
        options=_HANDED_ON,
        examples=("entra-oauth credential kubectl --profile aks",),
    ),
    Verb(
        name="credential az",
        module="use_tokens.credential",
        summary="what `az account get-access-token` prints, without az",
        description="Answer as Azure's command line does, for the scopes of the profile only. With "
        "--install, a program named az is written that calls this: azure-identity's "
        "AzureCliCredential takes it.",
        options=("install", *_HANDED_ON),
        examples=(
            "entra-oauth credential az --profile work --install ~/shims",
            "entra-oauth credential az -- account get-access-token --resource RESOURCE",
        ),
        words="-- ARGUMENTS",
        meaning="the arguments that az was given",
    ),
    Verb(
        name="credential databricks-cli",
        module="use_tokens.credential",
        summary="what `databricks auth token` prints",
        description="Answer as Databricks' command line does, for the hosts of the profile only. "
        "With --install, a program named databricks is written that calls this, for "
        "DATABRICKS_CLI_PATH.",
        options=("install", *_HANDED_ON),
        examples=(
            "entra-oauth credential databricks-cli --profile work --install ~/shims",
            "entra-oauth credential databricks-cli -- auth token --host HOST",
        ),
        words="-- ARGUMENTS",
        meaning="the arguments that databricks was given",
    ),
    Verb(
        name="credential git",
        module="use_tokens.credential",
        summary="a credential helper of git, for the hosts of the profile",
        description="Speak git's credential protocol on standard input and output. Answers only "
        "get, only over https, and only for hosts that the token is for.",
        options=_HANDED_ON,
        examples=("git config credential.helper '!entra-oauth credential git --profile work'",),
        word="OPERATION",
        meaning="get, store or erase, as git calls it",
    ),
    Verb(
        name="decode",
        module="decode",
        summary="show what a token says, in words (not verified)",
        description="Read a JWT from a prompt or from standard input and show what it says. "
        "Nothing is sent anywhere and nothing is verified.",
        options=("json",),
        examples=("entra-oauth login -o token | entra-oauth decode",),
        takes="The token is read from a prompt or from standard input: other programs can see a "
        "command line, and the shell keeps it.",
    ),
    Verb(
        name="api",
        module="use_tokens.api",
        summary="call the API of a Databricks workspace with the token",
        description="Send METHOD PATH to a workspace and print its answer: laid out on a terminal, "
        "untouched in a pipe. The token comes from the last sign-in, from standard input or from "
        "a file descriptor, and goes to no host but its own API's. Only a GET is sent again when "
        "the workspace is busy. Exit code 1 means HTTP 400 or above, explained.",
        options=(
            *("workspace-url", "data", "token-stdin", "token-fd", "interactive"),
            *("workspace-resource-id", "subscription", "resource-group", "workspace-name"),
            *(*_KEPT, *_RENEW, "cache", *_REQUEST, *_DOOR, *_NETWORK, "json", "quiet"),
        ),
        examples=(
            "entra-oauth api GET /api/2.0/clusters/list --workspace-url URL",
            "entra-oauth login -o token | entra-oauth api GET /api/2.0/clusters/list "
            "--token-stdin --workspace-url URL",
            "entra-oauth api POST /api/2.0/clusters/start --data @body.json --workspace-url URL",
        ),
        words="METHOD PATH",
        meaning="what to send, and where",
        takes="METHOD and PATH stand side by side, after api; a token is never an argument.",
    ),
    Verb(
        name="explain",
        module="explain",
        summary="what an error, a parameter, a claim or a lint rule means",
        description="Explain a number of Entra's (AADSTS50011), an OAuth error (invalid_grant), a "
        "parameter (state), a member of a token (aud) or a rule of the linter (AR04). Works "
        "offline; nothing is sent.",
        options=("json",),
        examples=(
            "entra-oauth explain AADSTS50011",
            "entra-oauth explain invalid_grant",
            "entra-oauth explain aud",
            "entra-oauth explain AR04",
        ),
        word="WORD",
        meaning="what to look up",
        takes="One word is explained at a time.",
    ),
    Verb(
        name="doctor",
        module="doctor.doctor",
        summary="what on this machine, its network and the registration is in the way",
        description="Look at browser, ports, proxy, certificates, clock and token store, and ask "
        "the authority for its discovery document: one request, without any secret. Exit code 8 "
        "means that something on this machine is in the way, 6 that the network is.",
        options=(
            *("registration", "doctor-class", "profile", "tenant", "client-id", "cloud"),
            *("authority-host", "redirect-uri", *_NETWORK, "json", "quiet"),
        ),
        examples=(
            "entra-oauth doctor",
            "entra-oauth doctor --registration --tenant TENANT --client-id CLIENT",
            "entra-oauth doctor --class",
        ),
    ),
    Verb(
        name="audit show",
        module="audit.show",
        summary="a recording as a list, or one step of it to the byte",
        description="Show what a recording holds: its messages, their times, the recorder's claims "
        "and what could not be seen. With a step's number, that step: its bytes as text, with "
        "--raw every line end and control character by name, with --hex as numbers.",
        options=("raw", "hex", "explain", "json"),
        examples=(
            "entra-oauth audit show rec",
            "entra-oauth audit show rec 3 --explain",
            "entra-oauth audit show rec 3 --hex",
        ),
        words="DIR [STEP]",
        meaning="the folder of a recording, and a number from its list",
    ),
    Verb(
        name="audit redact",
        module="audit.redact",
        summary="take the secrets out of a HAR file, and say what was removed",
        description="Rewrite a HAR file of a browser or a proxy so that it can be handed on: "
        "codes, tokens, cookies, passwords and whatever is not known to be harmless are replaced. "
        "Ends with a report of what was removed, kept and not understood.",
        options=("level", "out", "json", "quiet"),
        examples=(
            "entra-oauth audit redact browser.har -o clean.har",
            "entra-oauth audit redact browser.har --level pii -o clean.har",
        ),
        word="FILE",
        meaning="the HAR file",
    ),
    Verb(
        name="audit diff",
        module="audit.diff",
        summary="two requests compared on five layers, with a verdict",
        description="Compare two requests: TLS, request line, headers, body bytes, decoded "
        "parameters. Each is a step (rec#4), an entry of a HAR file (x.har#3), a file with a raw "
        "request, or a reference: article:curl, made from the recording's own values, or a "
        "captured msal:1.39, authlib:1.9, requests:2.34, httpx:0.28, curl:7.88. Exit code 9 "
        "where they are not as equal as --accept asks.",
        options=("accept", "json", "quiet"),
        examples=(
            "entra-oauth audit diff rec#3 article:curl --accept body",
            "entra-oauth audit diff rec#3 msal:1.39",
            "entra-oauth audit diff rec#3 browser.har#12",
        ),
        words="A B",
        meaning="the two requests",
    ),
    Verb(
        name="audit lint",
        module="audit.lint",
        summary="an exchange judged, rule by rule, each with its source",
        description="Judge a recording, a HAR file of anybody's, an authorize address or one "
        "request by the rules of docs/rules.md: what is wrong, where, which sentence of which "
        "standard says so, and how to mend it; and what could not be judged. Nothing is sent. "
        "Exit code 9 where something is as bad as --fail-on.",
        options=("policy", "fail-on", "lint-output", "json", "quiet"),
        examples=(
            "entra-oauth audit lint rec",
            "entra-oauth audit lint browser.har --fail-on warning",
            "entra-oauth audit lint rec -o sarif --policy policy.toml",
        ),
        word="WHAT",
        meaning="a recording's folder, a HAR file, an address in quotes, or a raw request",
    ),
    Verb(
        name="audit export",
        module="audit.export",
        summary="a recording as a report, HAR, curl commands, raw HTTP, a diagram or Markdown",
        description="Write a recording in another form. Secrets stay out: where nothing was "
        "taken out of a recording, that is done now. In curl commands they are variables of the "
        "environment, and never on a command line.",
        options=("as", "out", "audience", "blank", "quiet"),
        examples=(
            "entra-oauth audit export rec -o report.html",
            "entra-oauth audit export rec --as har -o rec.har",
            "entra-oauth audit export rec#3 --as curl",
        ),
        word="RECORDING",
        meaning="a recording (rec), or one step of it (rec#3)",
    ),
    Verb(
        name="audit import",
        module="audit.import_har",
        summary="a recording from a HAR file: the OAuth exchanges picked out, the secrets too",
        description="Read a HAR file of a browser or a proxy (Chrome, Firefox, mitmproxy and "
        "others), keep the requests that belong to a sign-in, take the secrets out, and write a "
        "recording. What was left out is said.",
        options=("out", "level", "json", "quiet"),
        examples=("entra-oauth audit import browser.har -o rec",),
        word="FILE",
        meaning="a HAR file",
    ),
    Verb(
        name="audit replay",
        module="audit.replay",
        summary="a recorded request sent again, to a practice tenant",
        description="Send a recorded request again and compare the answer with the recorded one. "
        "A practice tenant is started for it, which gives a fresh code where the request hands "
        "one in; --to names another host on this machine, and --live allows any. Values that "
        "were taken out are read from standard input with --values -.",
        options=("to", "live", "values", "http-timeout", "json", "quiet"),
        examples=(
            "entra-oauth audit replay rec#3",
            "entra-oauth audit replay rec#3 --to http://localhost:8400",
        ),
        word="STEP",
        meaning="the step, such as rec#3",
    ),
    Verb(
        name="audit seal",
        module="audit.seal",
        summary="sign a recording with an SSH key",
        description="Sign the list of a recording's hashes with ssh-keygen, so that anybody who "
        "has the public key can tell that it is as it was, and whose it is.",
        options=("key", "json", "quiet"),
        examples=("entra-oauth audit seal rec --key ~/.ssh/id_ed25519",),
        word="DIR",
        meaning="the folder of a recording",
    ),
    Verb(
        name="audit verify",
        module="audit.verify",
        summary="check that a recording is as it was written, and its seal",
        description="Compare every file with the list of hashes, the steps with their chain, and "
        "the list with its seal. Exit code 5 means that something was changed. VERIFY.txt in the "
        "folder tells how to do the same without this program.",
        options=("signer", "json", "quiet"),
        examples=(
            "entra-oauth audit verify rec",
            "entra-oauth audit verify rec --signer id_ed25519.pub",
        ),
        word="DIR",
        meaning="the folder of a recording",
    ),
    Verb(
        name="practice serve",
        module="practice.serve",
        summary="an Entra-shaped authority on this machine, for practice",
        description="Serve the practice tenant on loopback until Ctrl-C. Its users, apps and "
        "tokens are toys; its manners are Entra's. With --tls its certificate is made for this "
        "run and installed nowhere; with --proxy-port it plays the real hosts behind a proxy.",
        options=(
            *("practice-port", "practice-tls", "practice-proxy-port"),
            *("practice-directory", "practice-fault", "quiet"),
        ),
        examples=(
            "entra-oauth practice serve",
            "entra-oauth practice serve --port 8400",
            "entra-oauth practice serve --tls --fault csrf-state",
        ),
    ),
    Verb(
        name="practice run",
        module="practice.run_program",
        summary="run a program that was written for Entra, unchanged, against the practice tenant",
        description="Start a program so that it meets the practice tenant in place of Entra and "
        "Databricks: by a proxy, a certificate and a browser that signs in, all named in its "
        "environment. Secrets of real clouds are taken out of it. Nothing else is reached. "
        "The exit code is the program's.",
        options=(
            *("practice-user", "practice-proxy-port", "practice-directory", "practice-fault"),
            *("record", "redact", "quiet"),
        ),
        examples=(
            "entra-oauth practice run -- python get-tokens.py CLIENT TENANT",
            "entra-oauth practice run --record rec -- python get-tokens.py CLIENT TENANT",
            "entra-oauth practice run --user carol --fault slow -- python script.py",
        ),
        runs=True,
    ),
    Verb(
        name="practice fault",
        module="practice.change",
        summary="make a running practice tenant misbehave; without a fault: which are in force",
        description="Add a fault to the practice tenant that is running: a name, or a rule of "
        "your own such as `token status=503 times=1`. Without one: the names, how a rule is "
        "written, and which faults are in force.",
        options=("practice-clear", "practice-control", "json"),
        examples=(
            "entra-oauth practice fault csrf-state",
            "entra-oauth practice fault token status=429 retry-after=2 times=1",
            "entra-oauth practice fault",
            "entra-oauth practice fault --clear",
        ),
        words="FAULT",
        meaning="a name, or where and what",
    ),
    Verb(
        name="practice clock",
        module="practice.change",
        summary="put a running practice tenant's clock forward",
        description="Put the clock of the practice tenant that is running forward (or back) by so "
        "many seconds; without a number: what time it is there.",
        options=("practice-control", "json"),
        examples=("entra-oauth practice clock +3600",),
        word="SECONDS",
        meaning="such as +3600",
    ),
    Verb(
        name="learn",
        module="lessons.learn",
        summary="ten short chapters: the code flow by hand, on this machine, your answers checked",
        description="Walk through the flow step by step on the practice tenant: you type, and are "
        "told which part is wrong and why. Goes on where you stopped, or with the chapter that "
        "is named. At each prompt: hint, answer, skip, back, quit.",
        options=("learn-list", "learn-quiz", "no-pause", "no-curl"),
        examples=(
            "entra-oauth learn",
            "entra-oauth learn --list",
            "entra-oauth learn 2",
            "entra-oauth learn --quiz",
        ),
        word="CHAPTER",
        meaning="its number, 1 to 10",
    ),
    Verb(
        name="lab list",
        module="lessons.lab",
        summary="eighteen attacks, each with its RFC section",
        description="List the labs, and how far what each shows is Entra's.",
        options=(),
        examples=("entra-oauth lab list",),
    ),
    Verb(
        name="lab",
        module="lessons.lab",
        summary="an attack that works on a naive client, then stopped, then repaired by you",
        description="Play one attack on this machine alone: against a small client that is wrong "
        "on purpose, then against this program's own. With --me a file is written with a function "
        "for you to repair. Exit code 9 means that the lab did not show what it should.",
        options=("lab-off", "lab-on", "lab-me"),
        examples=(
            "entra-oauth lab 1",
            "entra-oauth lab 1 --off",
            "entra-oauth lab 1 --on",
            "entra-oauth lab 1 --me lab01.py",
        ),
        word="LAB",
        meaning="its number, 1 to 18, or its name",
    ),
    Verb(
        name="lab check",
        module="lessons.lab",
        summary="try the function that you repaired",
        description="Run your function against the lab's trials, in a process of its own with a "
        "time limit, and say what is still wrong. Exit code 9 means that it is not solved yet.",
        options=(),
        examples=("entra-oauth lab check 1 lab01.py",),
        words="LAB [FILE]",
        meaning="the lab's number, and your file (lab01.py for lab 1, unless it is named)",
    ),
    Verb(
        name="demo",
        module="lessons.demo",
        summary="a whole sign-in on the practice tenant, told message by message",
        description="Start the practice tenant, sign in through the real listener, show each "
        "message with its secrets masked, decode the token and use it. Leaves a report, a page "
        "to look at, and says where. Needs no account, no network and no browser.",
        options=("demo-browser", "demo-procedure", "report", "record", "redact", *_TOLD),
        examples=(
            "entra-oauth demo",
            "entra-oauth demo --explain --predict --pause",
            "entra-oauth demo --browser",
            "entra-oauth demo --report report.html",
            "entra-oauth demo --record rec",
        ),
    ),
)

VERBS = {verb.name: verb for verb in _ALL}

GROUPS = (
    ("The article", ("mirror", "authorize-url", "exchange")),
    ("Get tokens", ("login", "token", "refresh", "status", "logout")),
    (
        "Use tokens",
        (
            *("api", "run", "serve metadata"),
            *("credential kubectl", "credential az", "credential databricks-cli", "credential git"),
        ),
    ),
    (
        "Profiles",
        ("profile list", "profile show", "profile set", "profile use", "profile delete"),
    ),
    ("See", ("decode", "explain", "doctor")),
    (
        "Audit",
        (
            *("audit show", "audit lint", "audit diff", "audit redact", "audit export"),
            *("audit import", "audit replay", "audit seal", "audit verify"),
        ),
    ),
    (
        "Learn",
        (
            *("learn", "lab", "lab list", "lab check", "demo"),
            *("practice serve", "practice run", "practice fault", "practice clock"),
        ),
    ),
)
