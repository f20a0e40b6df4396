"""What the help says of the verbs under `Audit`."""

from entra_oauth.cli.verb_help.texts import VerbHelp

__all__ = ["VERBS"]

VERBS = (
    VerbHelp(
        name="audit show",
        summary="a recording as a list, or one step of it to the byte",
        description=(
            "Show what a recording holds: its messages, their times, the recorder's claims and "
            "what could not be seen. With a step's number, that step: its bytes as text, with "
            "--raw every line end and control character by name, with --hex as numbers. Of "
            "another program's file, what audit import would keep is shown, without secrets, and "
            "nothing is written."
        ),
        examples=(
            "entra-oauth audit show rec",
            "entra-oauth audit show rec 3 --explain",
            "entra-oauth audit show rec 3 --hex",
            "entra-oauth audit show browser.har",
            "entra-oauth audit show rec --page",
        ),
    ),
    VerbHelp(
        name="audit lint",
        summary="an exchange judged, rule by rule, each with its source",
        description=(
            "Judge a recording, whatever audit import reads, an authorize address or one request "
            "by the rules of the linter: what is wrong, where, which sentence of which standard "
            "says so, and how to mend it; and what could not be judged. entra-oauth explain AR04 "
            "tells one rule. Nothing is sent. Exit code 9 where something is as bad as "
            "--fail-on. With -o jsonl it is a folder with any number of these, judged by several "
            "processes: a line of JSON for each finding, for each that has none, and for each "
            "that could not be judged, which is an error too."
        ),
        examples=(
            "entra-oauth audit lint rec",
            "entra-oauth audit lint browser.har --fail-on warning",
            "entra-oauth audit lint recordings -o jsonl --jobs 4 > findings.jsonl",
            "entra-oauth audit lint rec -o sarif --policy policy.toml",
        ),
    ),
    VerbHelp(
        name="audit diff",
        summary="two requests compared on five layers, with a verdict",
        description=(
            "Compare two requests: TLS, request line, headers, body bytes, decoded parameters. "
            "Each is a step (rec#4), an entry of a file that audit import reads (x.har#3), a raw "
            "request, or a reference: article:curl, made from the recording's own values, or a "
            "captured msal:1.39, authlib:1.9, requests:2.34, httpx:0.28, curl:7.88. Exit code 9 "
            "where they are not as equal as --accept asks."
        ),
        examples=(
            "entra-oauth audit diff rec#3 article:curl --accept body",
            "entra-oauth audit diff rec#3 msal:1.39",
            "entra-oauth audit diff rec#3 browser.har#12",
            "entra-oauth audit diff rec#3 msal:1.39 -o html > diff.html",
        ),
    ),
    VerbHelp(
        name="audit lock",
        summary="a contract for the wire: what the messages of a client are like",
        description=(
            "Learn from recordings of one client what its messages are like: their order, their "
            "parameters and headers, and of each value if it is fixed, another one each time, or "
            "a repetition of which. The file is TOML to be read and reviewed, without a secret "
            "or a person's name. More recordings make it more exact: what is equal in all is "
            "fixed, and what is not may differ."
        ),
        examples=(
            "entra-oauth audit lock rec -o oauth.lock",
            "entra-oauth audit lock rec1 rec2 browser.har -o oauth.lock",
        ),
    ),
    VerbHelp(
        name="audit check",
        summary="a recording held against such a contract: what changed",
        description=(
            "Name everything in which a recording differs from a contract that audit lock wrote: "
            "messages, their order, parameters, headers, values, repetitions. What cannot be "
            "told, for it was taken out, is counted beside. Exit code 9 where something differs, "
            "5 where the contract was changed since."
        ),
        examples=(
            "entra-oauth audit check rec --against oauth.lock",
            "entra-oauth audit check browser.har --against oauth.lock -o sarif > check.sarif",
        ),
        takes=(
            "The contract goes after --against: entra-oauth audit check rec --against oauth.lock."
        ),
    ),
    VerbHelp(
        name="audit timeline",
        summary=(
            "recording, browser and Entra's sign-in log in one list: did anyone else redeem the "
            "code?"
        ),
        description=(
            "Put what a recording, a browser's HAR file and Entra's exported sign-in log have "
            "seen into one list, joined by state, correlation id, uti and time, with what "
            "contradicts, and answer if anyone else redeemed the code. Within the log's delay, "
            "or without rows that could tell, that is undecidable. Exit code 0 only where the "
            "answer is no, else 9."
        ),
        examples=(
            "entra-oauth audit timeline rec --sign-ins export.json",
            "entra-oauth audit timeline rec --har browser.har --sign-ins export.csv -o html "
            "> timeline.html",
        ),
    ),
    VerbHelp(
        name="audit redact",
        summary="take the secrets out of a HAR file, and say what was removed",
        description=(
            "Rewrite a HAR file of a browser or a proxy so that it can be handed on: codes, "
            "tokens, cookies, passwords and whatever is not known to be harmless are replaced. "
            "Ends with a report of what was removed, kept and not understood."
        ),
        examples=(
            "entra-oauth audit redact browser.har -o clean.har",
            "entra-oauth audit redact browser.har --level pii -o clean.har",
        ),
    ),
    VerbHelp(
        name="audit export",
        summary=("a recording as a report, HAR, curl commands, raw HTTP, a diagram or Markdown"),
        description=(
            "Write a recording in another form. Secrets stay out: where nothing was taken out of "
            "a recording, that is done now. In curl commands they are variables of the "
            "environment, and never on a command line. If -o names a folder that exists, the "
            "file in it is named after the recording, with `practice` where it was recorded at "
            "the practice tenant."
        ),
        examples=(
            "entra-oauth audit export rec -o report.html",
            "entra-oauth audit export rec --as har -o rec.har",
            "entra-oauth audit export rec#3 --as curl",
        ),
    ),
    VerbHelp(
        name="audit import",
        summary=("a recording from another program's file: the OAuth exchanges, without secrets"),
        description=(
            "Read a file of another program, known by its content: HAR of a browser or a proxy, "
            "plain, packed or zipped; curl's -v, --trace and --trace-ascii; mitmproxy's flows; "
            "Burp's saved items; Fiddler's archive (SAZ); cassettes of vcrpy and Polly.js. The "
            "requests that belong to a sign-in are kept, the secrets taken out, and a recording "
            "written. What was left out is said. A capture of packets (pcapng, pcap) is opened "
            "by the tshark that is installed, with the key log that --keys names."
        ),
        examples=(
            "entra-oauth audit import browser.har -o rec",
            "entra-oauth audit import capture.pcapng --keys keys.log -o rec",
        ),
        takes=(
            "The folder of the recording goes after -o: entra-oauth audit import browser.har -o "
            "rec."
        ),
    ),
    VerbHelp(
        name="audit replay",
        summary="a recorded request sent again, to a practice tenant",
        description=(
            "Send a recorded request again and compare the answer with the recorded one. A "
            "practice tenant is started for it, which gives a fresh code where the request hands "
            "one in; --to names another host on this machine, and --live allows any. Values that "
            "were taken out are read from standard input with --values -."
        ),
        examples=(
            "entra-oauth audit replay rec#3",
            "entra-oauth audit replay rec#3 --to http://localhost:8400",
        ),
    ),
    VerbHelp(
        name="audit seal",
        summary="sign a recording with an SSH key, or by a sign-in",
        description=(
            "Sign the list of a recording's hashes with ssh-keygen, so that anybody who has the "
            "public key can tell that it is as it was, and whose it is. With --by-sign-in "
            "somebody signs in once, and the ID token that the authority signs names the list: "
            "it tells when that was there at the latest, and which account held it. "
            "docs/sealing.md says what that proves."
        ),
        examples=(
            "entra-oauth audit seal rec --key ~/.ssh/id_ed25519",
            "entra-oauth audit seal rec --by-sign-in --tenant TENANT --client-id CLIENT",
        ),
        takes="The key goes after --key.",
    ),
    VerbHelp(
        name="audit verify",
        summary="check that a recording is as it was written, and its seal",
        description=(
            "Compare every file with the list of hashes, the steps with their chain, and the "
            "list with its seals. Exit code 5 means that something was changed; 9, that a seal "
            "by sign-in is consistent, but not proven by keys that you got yourself (--keys). "
            "VERIFY.txt in the folder tells how to check files and SSH seal without this "
            "program."
        ),
        examples=(
            "entra-oauth audit verify rec",
            "entra-oauth audit verify rec --signer id_ed25519.pub",
            "entra-oauth audit verify rec --keys keys.json --for-client CLIENT",
        ),
    ),
)
