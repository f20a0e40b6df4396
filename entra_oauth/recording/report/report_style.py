"""The look of the report: one style sheet, light, dark and printed."""

from __future__ import annotations

from entra_oauth.markup import Html

__all__ = ["STYLE"]

STYLE = Html("""
:root {
  color-scheme: light dark;
  --paper: #fbfbfd; --card: #ffffff; --soft: #f1f3f8; --ink: #181b22; --quiet: #525a69;
  --rule: #d5dae3; --strong-rule: #858d9b; --link: #1746b8; --focus: #1746b8;
  --front: #0a6a69; --back: #5a3aa5; --out-ink: #7a3600; --out: #fdecd6;
  --good: #0b6a3c; --error: #a3221f; --warning: #7d5200; --note: #1c559b;
  --error-soft: #fdeceb; --warning-soft: #fdf3dc; --note-soft: #e8f1fc; --good-soft: #e6f5ec;
  --undecidable: #525a69; --undecidable-soft: #eef0f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12141a; --card: #1a1d25; --soft: #222631; --ink: #e9ecf2; --quiet: #a9b1c0;
    --rule: #333947; --strong-rule: #7d8697; --link: #9db9ff; --focus: #9db9ff;
    --front: #5fd0c9; --back: #bda6ff; --out-ink: #ffc98f; --out: #3a2a18;
    --good: #6bd79a; --error: #ff9d97; --warning: #f2c265; --note: #94c1ff;
    --error-soft: #3a1f20; --warning-soft: #362b15; --note-soft: #1b2a40; --good-soft: #17301f;
    --undecidable: #a9b1c0; --undecidable-soft: #262b36;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--card); z-index: 1; }
:focus-visible { outline: .1875rem solid var(--focus); outline-offset: .125rem; }
a { color: var(--link); text-underline-offset: .15em; }
header.top {
  padding: 2.5rem 1.25rem 1.75rem; border-bottom: 1px solid var(--rule); background: var(--card);
}
.wide { max-width: 64rem; margin: 0 auto; }
.kicker { margin: 0 0 .25rem; color: var(--quiet); font-size: .875rem; letter-spacing: .02em; }
h1 { margin: 0 0 .75rem; font-size: clamp(1.6rem, 1.2rem + 2vw, 2.4rem); line-height: 1.15; }
h2 { margin: 0; font-size: 1.35rem; line-height: 1.25; }
h3 { margin: 1.75rem 0 .5rem; font-size: 1rem; }
p { margin: 0 0 .75rem; }
.lead { max-width: 44rem; font-size: 1.0625rem; }
main { padding: 0 1.25rem 4rem; }
section { margin-top: 2.5rem; }
section > h2 { margin-bottom: .75rem; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
dl.facts {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(12rem, 100%), 1fr));
  gap: .75rem 1.5rem; margin: 1.25rem 0 0;
}
dl.facts div { min-width: 0; }
dt { color: var(--quiet); font-size: .8125rem; }
dd { margin: 0; }
.card {
  padding: 1.5rem; background: var(--card); border: 1px solid var(--rule); border-radius: .75rem;
}
.card + .card { margin-top: 1.25rem; }
.diagram { overflow-x: auto; padding: 1rem; }
.diagram svg { display: block; width: 100%; min-width: 44rem; height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
svg .host { fill: var(--quiet); font-size: 11px; }
svg .who { font-weight: 650; font-size: 14px; }
svg .path { fill: var(--quiet); font: 11px ui-monospace, Consolas, Menlo, monospace; }
svg .box { fill: var(--soft); stroke: var(--strong-rule); }
svg .life { stroke: var(--strong-rule); stroke-dasharray: 2 5; }
svg .silent { fill: var(--soft); stroke: var(--strong-rule); stroke-dasharray: 5 4; }
svg .silent-words { fill: var(--quiet); font-style: italic; font-size: 12px; }
svg .halo { fill: var(--card); }
svg .front { stroke: var(--front); fill: var(--front); }
svg .back { stroke: var(--back); fill: var(--back); }
svg line.front, svg line.back { stroke-width: 1.75; }
svg line.answer { stroke-dasharray: 6 4; stroke-width: 1.25; }
svg .number { fill: var(--card); stroke: none; font-weight: 700; font-size: 12px; }
svg .dns { fill: #7b8794; } svg .connect { fill: #0f7b7a; } svg .tunnel { fill: #a05a1c; }
svg .tls { fill: #6b4fbb; } svg .send { fill: #2f6fd0; } svg .wait { fill: #b9861f; }
svg .receive { fill: #2f8f57; }
ol.steps { list-style: none; margin: 0; padding: 0; counter-reset: none; }
ol.steps > li { display: flex; gap: .75rem; padding: .5rem 0; border-top: 1px solid var(--rule); }
ol.steps > li:first-child { border-top: 0; }
.number {
  flex: none; display: inline-block; min-width: 1.9em; height: 1.9em; padding: 0 .4em;
  border-radius: 1em; color: var(--card); font-weight: 700; line-height: 1.9em;
  text-align: center; font-size: .875rem;
}
.number.front { background: var(--front); }
.number.back { background: var(--back); }
.title { display: flex; gap: .75rem; align-items: baseline; margin: 0 0 .75rem; }
.way { margin: 0 0 .75rem; color: var(--quiet); font-size: .9375rem; }
.lesson {
  margin: 1rem 0; padding: .75rem 1rem; border-left: .25rem solid var(--front);
  background: var(--soft); border-radius: 0 .5rem .5rem 0;
}
.lesson p:last-child { margin: 0; }
pre {
  margin: .5rem 0 0; padding: .875rem 1rem; background: var(--soft); border-radius: .5rem;
  font: .8125rem/1.65 ui-monospace, "Cascadia Mono", Consolas, Menlo, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4;
}
code { font: .875em ui-monospace, "Cascadia Mono", Consolas, Menlo, monospace; }
.eol {
  display: inline-block; margin-left: .3em; padding: 0 .3em; border: 1px solid var(--rule);
  border-radius: .25em; color: var(--quiet); font-size: .625rem; line-height: 1.35;
  vertical-align: .1em;
}
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
mark {
  padding: .1em .35em; border-radius: .3em; background: var(--out); color: var(--out-ink);
  -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
.gap {
  display: inline-block; min-width: 7em; border-bottom: 1.5px solid var(--strong-rule);
  line-height: 1.2;
}
.lines { margin: .5rem 0 1rem; }
.lines span { display: block; height: 2rem; border-bottom: 1.5px solid var(--strong-rule); }
details { margin-top: .75rem; }
summary { cursor: pointer; font-weight: 600; }
summary .quiet { font-weight: 400; }
.scroll { margin-top: .5rem; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; }
caption { text-align: left; padding: 0 0 .25rem; font-weight: 600; font-size: 1rem; }
th, td { padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--rule); vertical-align: top; }
th { text-align: left; font-weight: 600; }
tbody th { min-width: 10rem; }
td:last-child { min-width: 7.5rem; }
thead th { border-top: 0; color: var(--quiet); font-size: .8125rem; font-weight: 500; }
td.value, td.raw { font: .8125rem/1.6 ui-monospace, "Cascadia Mono", Consolas, Menlo, monospace; }
td.value, td.raw { min-width: 8rem; max-width: 22rem; }
.finding { margin: .75rem 0 0; padding: .75rem 1rem; border-left: .25rem solid; }
.finding p { margin: 0; color: var(--ink); }
.finding .word { font-weight: 700; }
.error { border-color: var(--error); background: var(--error-soft); }
.warning { border-color: var(--warning); background: var(--warning-soft); }
.note { border-color: var(--note); background: var(--note-soft); }
.undecidable { border-color: var(--undecidable); background: var(--undecidable-soft); }
.error .word { color: var(--error); } .warning .word { color: var(--warning); }
.note .word { color: var(--note); } .undecidable .word { color: var(--undecidable); }
.bar svg { display: block; width: 100%; height: 1rem; border-radius: .25rem; }
.keys {
  display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .5rem 0 0; padding: 0;
  list-style: none;
}
.keys svg { width: .75rem; height: .75rem; margin-right: .35rem; vertical-align: -.05rem; }
footer { padding: 1.5rem 1.25rem 3rem; border-top: 1px solid var(--rule); color: var(--quiet); }
@media (max-width: 44rem) {
  .card { padding: 1rem; border-radius: .5rem; }
  table, tbody, tr, th, td, caption { display: block; }
  thead { position: absolute; left: -99rem; }
  tr { padding: .625rem 0; border-top: 1px solid var(--rule); }
  th, td { border: 0; padding: .125rem 0; }
  td.value, td.raw, td:last-child, tbody th { max-width: none; min-width: 0; }
  td[data-label]::before {
    content: attr(data-label) ": "; color: var(--quiet); font-family: system-ui, sans-serif;
  }
  td:empty { display: none; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --soft: #fff; --ink: #000; --quiet: #444; --rule: #bbb;
    --strong-rule: #777; --link: #000; --front: #0a6a69; --back: #5a3aa5; --out: #fff;
    --out-ink: #7a3600; --error-soft: #fff; --warning-soft: #fff; --note-soft: #fff;
    --undecidable-soft: #fff; --error: #a3221f; --warning: #7d5200; --note: #1c559b;
  }
  @page { margin: 16mm 14mm; }
  body { font-size: 10pt; }
  header.top, main, footer { padding-left: 0; padding-right: 0; }
  header.top { padding-top: 0; }
  .skip { display: none; }
  .number.front, .number.back { background: none; border: 1.5px solid #777; color: #000; }
  .number { line-height: 1.7em; }
  .card { border: 0; border-top: 1px solid #bbb; border-radius: 0; padding: .75rem 0; }
  .card + .card { margin-top: .5rem; }
  pre { border: 1px solid #ccc; }
  mark { outline: 1px solid currentColor; }
  .diagram svg { min-width: 0; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  summary { list-style: none; }
  h2, h3, summary, caption, .title { break-after: avoid; }
  tr, .finding, .diagram { break-inside: avoid; }
}
""")
