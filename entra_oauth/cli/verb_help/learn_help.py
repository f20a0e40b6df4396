"""What the help says of the verbs under `Learn`."""

from entra_oauth.cli.verb_help.texts import VerbHelp

__all__ = ["VERBS"]

VERBS = (
    VerbHelp(
        name="learn",
        summary=(
            "ten short chapters: the code flow by hand, on this machine, your answers checked"
        ),
        description=(
            "Walk through the flow step by step on the practice tenant: you type, and are told "
            "which part is wrong and why. Goes on where you stopped, or with the chapter that is "
            "named. At each prompt: hint, answer, skip, back, quit."
        ),
        examples=(
            "entra-oauth learn",
            "entra-oauth learn --list",
            "entra-oauth learn 2",
            "entra-oauth learn --quiz",
            "entra-oauth learn 4 --page",
            "entra-oauth learn --spot",
            "entra-oauth learn --spot --sheet 1",
        ),
    ),
    VerbHelp(
        name="lab",
        summary="an attack that works on a naive client, then stopped, then repaired by you",
        description=(
            "Play one attack on this machine alone: against a small client that is wrong on "
            "purpose, then against this program's own. With --me a file is written with a "
            "function for you to repair; with --mine the attack meets your function in the naive "
            "client. Exit code 9 means that the lab did not show what it should."
        ),
        examples=(
            "entra-oauth lab 1",
            "entra-oauth lab 1 --off",
            "entra-oauth lab 1 --on",
            "entra-oauth lab 1 --me lab01.py",
            "entra-oauth lab 1 --hint 1",
            "entra-oauth lab 1 --mine lab01.py",
        ),
        takes="The halves are options: entra-oauth lab 1 --off, and --on.",
    ),
    VerbHelp(
        name="lab list",
        summary="twenty-one attacks, each with its source",
        description=(
            "List the labs, which of them you have solved, and how far what each shows is Entra's."
        ),
        examples=("entra-oauth lab list",),
    ),
    VerbHelp(
        name="lab check",
        summary="try the function that you repaired",
        description=(
            "Run your function against the lab's trials and in the naive client, in a process of "
            "its own without network, programs and other files, and say what is still wrong. "
            "Exit code 9 means that it is not solved yet."
        ),
        examples=("entra-oauth lab check 1 lab01.py",),
    ),
    VerbHelp(
        name="demo",
        summary="a whole sign-in on the practice tenant, told message by message",
        description=(
            "Start the practice tenant, sign in through the real listener, show each message "
            "with its secrets masked, decode the token and use it. Leaves a report, a page to "
            "look at, and says where. Needs no account, no network and no browser."
        ),
        examples=(
            "entra-oauth demo",
            "entra-oauth demo --explain --predict --pause",
            "entra-oauth demo --browser",
            "entra-oauth demo --report report.html",
            "entra-oauth demo --record rec",
            "entra-oauth demo --page",
        ),
    ),
    VerbHelp(
        name="practice serve",
        summary="an Entra-shaped authority on this machine, for practice",
        description=(
            "Serve the practice tenant on loopback until Ctrl-C. Its users, apps and tokens are "
            "toys; its manners are Entra's. With --tls its certificate is made for this run and "
            "installed nowhere; with --proxy-port it plays the real hosts behind a proxy."
        ),
        examples=(
            "entra-oauth practice serve",
            "entra-oauth practice serve --port 8400",
            "entra-oauth practice serve --tls --fault csrf-state",
        ),
    ),
    VerbHelp(
        name="practice run",
        summary=(
            "run a program that was written for Entra, unchanged, against the practice tenant"
        ),
        description=(
            "Start a program so that it meets the practice tenant in place of Entra and "
            "Databricks: by a proxy, a certificate and a browser that signs in, all named in its "
            "environment. Secrets of real clouds are taken out of it. Nothing else is reached. "
            "The exit code is the program's."
        ),
        examples=(
            "entra-oauth practice run -- python get-tokens.py CLIENT TENANT",
            "entra-oauth practice run --record rec -- python get-tokens.py CLIENT TENANT",
            "entra-oauth practice run --user carol --fault slow -- python script.py",
            "entra-oauth practice run --workload app-service -- python job.py",
            "entra-oauth practice run -- sh -c 'az login && az account list'",
        ),
    ),
    VerbHelp(
        name="practice fault",
        summary=("make a running practice tenant misbehave; without a fault: which are in force"),
        description=(
            "Add a fault to the practice tenant that is running: a name, or a rule of your own "
            "such as `token status=503 times=1`. Without one: which faults are in force; with "
            "`help`: the names, and how a rule is written."
        ),
        examples=(
            "entra-oauth practice fault csrf-state",
            "entra-oauth practice fault token status=429 retry-after=2 times=1",
            "entra-oauth practice fault",
            "entra-oauth practice fault --clear",
        ),
    ),
    VerbHelp(
        name="practice clock",
        summary="put a running practice tenant's clock forward",
        description=(
            "Put the clock of the practice tenant that is running forward (or back) by so many "
            "seconds; without a number: what time it is there."
        ),
        examples=("entra-oauth practice clock +3600",),
    ),
)
