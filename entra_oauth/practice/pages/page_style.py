"""The look of every page, and the policy that allows it and nothing else."""

from __future__ import annotations

import hashlib
from base64 import b64encode

__all__ = ["AUTO_SUBMIT", "CSS", "policy"]

CSS = """
:root{color-scheme:light dark;--bg:#f3f5f5;--card:#fff;--ink:#1b2424;--soft:#4d5a5a;--line:#cfd8d7;
--accent:#0b6459;--on-accent:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#131818;--card:#1c2323;--ink:#e9eeed;--soft:#aab7b5;
--line:#3b4746;--accent:#6fd0c1;--on-accent:#08211d}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.banner{background:var(--accent);color:var(--on-accent);padding:.55rem 1rem;text-align:center;
font-size:.9rem}
.banner b{letter-spacing:.08em;margin-right:.4em}
main{max-width:27rem;margin:6vh auto 3rem;background:var(--card);border:1px solid var(--line);
border-radius:.75rem;padding:2rem}
main.wide{max-width:52rem;margin-top:2.5rem}
main>:first-child{margin-top:0}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .35rem}
h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{margin:.35rem 0 .8rem}
.soft{color:var(--soft)}
a{color:var(--accent)}
label{display:block;font-weight:600;margin:1rem 0 .3rem}
input{width:100%;font:inherit;color:inherit;background:var(--card);border:1px solid var(--soft);
border-radius:.4rem;padding:.55rem .7rem}
button{font:inherit;border-radius:.4rem;padding:.55rem 1.2rem;cursor:pointer;
border:1px solid var(--soft);background:transparent;color:inherit}
button.main{background:var(--accent);border-color:var(--accent);color:var(--on-accent);
font-weight:600}
button.account{display:block;width:100%;text-align:left;margin:.5rem 0;overflow-wrap:anywhere}
input:focus-visible,button:focus-visible,a:focus-visible,summary:focus-visible{
outline:3px solid var(--accent);outline-offset:2px}
.buttons{display:flex;flex-wrap:wrap;flex-direction:row-reverse;justify-content:flex-start;
gap:.6rem;margin-top:1.5rem}
.problem{border-left:4px solid var(--accent);padding:.3rem .8rem;margin:1rem 0 0;font-weight:600}
.problem+p{margin-top:.8rem}
details{border-top:1px solid var(--line);margin-top:1.6rem;padding-top:.9rem}
summary{cursor:pointer;color:var(--accent);font-weight:600}
dl{margin:.6rem 0 0}
dt{font-weight:600;margin-top:.75rem}
dd{margin:0;overflow-wrap:anywhere}
code{font-family:ui-monospace,SFMono-Regular,Consolas,"DejaVu Sans Mono",monospace;
font-size:.875em;overflow-wrap:anywhere}
ul{padding-left:1.2rem;margin:.4rem 0}
.chip{display:inline-block;border:1px solid var(--accent);color:var(--accent);border-radius:1rem;
padding:0 .6rem;font-size:.8rem;font-weight:600;white-space:nowrap}
@media (max-width:30rem){body{background:var(--card)}
main,main.wide{margin:0;border:0;border-radius:0;padding:1.4rem 1rem 2rem}}
""".strip()

# The one script in this room. Entra's form_post page sends itself, and a page that
# waits for a click would be another protocol to a client that measures time. It is
# allowed by its hash alone, and a button is there for browsers without script.
AUTO_SUBMIT = "document.forms[0].submit()"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


_STYLE_HASH = _hash(CSS)
_SCRIPT_HASH = _hash(AUTO_SUBMIT)


def policy(*, form_to: str = "", script: bool = False, frames: str = "") -> str:
    """A Content-Security-Policy: our style, forms to ourselves and to `form_to`.

    The redirect URI's origin has to be named on every page whose form ends there:
    browsers apply `form-action` to the redirect that answers a form, too. `frames` is an
    origin whose pages may stand in frames.
    """
    scripts = f"script-src {_SCRIPT_HASH}; " if script else ""
    framed = f"frame-src {frames}; " if frames else ""
    target = f" {form_to}" if form_to else ""
    return (
        f"default-src 'none'; style-src {_STYLE_HASH}; {scripts}{framed}"
        f"form-action 'self'{target}; base-uri 'none'; frame-ancestors 'none'"
    )
