/** The look of every HTML page of vultus: light, dark and printed, from one set of variables. */

/**
 * Charts and pages take their colours from these variables, so that both follow the reader's setting. Each text colour
 * has a contrast of at least 4.5 to 1 on `--paper` and on `--panel`.
 */
const light = `color-scheme: light;
  --paper: #ffffff; --panel: #f5f7f9; --ink: #1f2933; --muted: #5c6873; --line: #dde2e8;
  --blue: #0068a3; --vermilion: #b84f00; --green: #00795a; --heat: #6aa5cf; --lost-heat: #e09468;`;

const dark = `color-scheme: dark;
  --paper: #14181d; --panel: #1c2229; --ink: #e4e8ec; --muted: #9ba7b3; --line: #313944;
  --blue: #6ab7ee; --vermilion: #f39a63; --green: #55c3a0; --heat: #2a6693; --lost-heat: #8a4520;`;

export const pageStyle = `
:root { ${light} }
@media screen and (prefers-color-scheme: dark) { :root { ${dark} } }

* { box-sizing: border-box; }
html { scroll-padding-top: 1.5rem; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
body {
  margin: 0 auto; max-width: 78rem; padding: 0 1.5rem 5rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.6 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
a { color: var(--blue); text-underline-offset: .15em; text-decoration-thickness: 1px; }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; border-radius: 3px; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem 1rem; z-index: 2; }

header { padding: 4.5rem 0 2.5rem; }
.kicker { margin: 0 0 .75rem; color: var(--blue); font-weight: 600; font-size: .875rem; letter-spacing: .02em; }
h1 { margin: 0; font-size: clamp(2rem, 5vw, 3.1rem); line-height: 1.1; letter-spacing: -.025em; font-weight: 650; overflow-wrap: anywhere; }
.lead { margin: 1.1rem 0 0; max-width: 44rem; font-size: 1.15rem; color: var(--muted); }
h2 { margin: 0 0 .4rem; font-size: 1.6rem; line-height: 1.25; letter-spacing: -.015em; font-weight: 650; }
h3 .muted { font-weight: 400; margin-left: .4rem; }
h3 { margin: 2.4rem 0 .6rem; font-size: 1.05rem; font-weight: 650; }
p { margin: .5rem 0; max-width: 46rem; text-wrap: pretty; }
ul { margin: .5rem 0; padding-left: 1.2rem; max-width: 46rem; }
code, pre { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; font-size: .875em; }
pre { margin: .5rem 0; padding: 1rem; background: var(--panel); border-radius: 8px; overflow-x: auto; line-height: 1.5; }
.muted, figcaption, caption { color: var(--muted); }
section { padding: 2.75rem 0 .5rem; border-top: 1px solid var(--line); margin-top: 2.25rem; }
section > :last-child { margin-bottom: 0; }
.note { padding: .85rem 1.1rem; border-left: 3px solid var(--vermilion); background: var(--panel); border-radius: 0 8px 8px 0; max-width: 46rem; }
.note p { margin: 0; }

nav.contents ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
nav.contents a { display: inline-block; padding: .2rem 0; color: var(--muted); text-decoration: none; font-size: .9rem; }
nav.contents a:hover { color: var(--blue); text-decoration: underline; }
@media screen and (min-width: 68rem) {
  .columns { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr); gap: 4rem; }
  nav.contents { position: sticky; top: 2.5rem; align-self: start; max-height: calc(100vh - 4rem); overflow-y: auto; }
  nav.contents ul { display: block; }
  main > section:first-of-type { border-top: 0; margin-top: 0; padding-top: 0; }
}

table { border-collapse: collapse; margin: 1rem 0; font-size: .9375rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .5rem; font-size: .9rem; }
th, td { padding: .45rem .9rem; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
th { font-weight: 550; }
thead th { color: var(--muted); font-size: .85rem; border-bottom-color: var(--muted); }
tr > :first-child { padding-left: 0; }
tr > :last-child { padding-right: 0; }
td.number, th.number { text-align: right; }
.scroll { overflow-x: auto; max-width: 100%; }

figure { margin: 1.25rem 0; }
figure svg { display: block; max-width: 100%; height: auto; }
figcaption { margin-top: .5rem; font-size: .9rem; max-width: 46rem; }
details { margin: .75rem 0; font-size: .9375rem; }
summary { cursor: pointer; color: var(--muted); width: fit-content; }
summary:hover { color: var(--ink); }
.pair { display: grid; gap: 1.5rem 3rem; grid-template-columns: repeat(auto-fit, minmax(min(21rem, 100%), 1fr)); align-items: start; }

.headline { display: grid; gap: 2rem 2.5rem; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); margin: 1.5rem 0; padding: 0; max-width: none; }
.headline > div { display: flex; flex-direction: column; }
.headline dt { order: 1; font-weight: 550; font-size: .95rem; }
.headline dd { margin: 0; }
.headline dd.value { font-size: 2.1rem; line-height: 1.15; letter-spacing: -.03em; font-variant-numeric: tabular-nums; font-weight: 600; }
.headline dd.detail { order: 2; color: var(--muted); font-size: .85rem; line-height: 1.45; }
.headline .first { grid-column: 1 / -1; }
.headline .first dd.value { font-size: clamp(3.6rem, 11vw, 6rem); line-height: 1; letter-spacing: -.05em; color: var(--blue); margin-bottom: .4rem; }

.faces { list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(6rem, 1fr)); gap: 1.1rem 1rem; margin: .9rem 0; padding: 0; max-width: none; }
.faces li { font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; }
.faces img { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; border-radius: 6px; background: var(--panel); margin-bottom: .35rem; }
.faces .right { color: var(--green); }
.faces .wrong { color: var(--vermilion); }

footer { margin-top: 4rem; padding-top: 1.25rem; border-top: 1px solid var(--line); color: var(--muted); font-size: .85rem; }

@media (max-width: 40rem) {
  body { padding: 0 1.1rem 3rem; }
  header { padding: 2.25rem 0 1.5rem; }
  table { font-size: .85rem; }
  th, td { padding: .4rem .28rem; }
  thead th { font-size: .78rem; }
  figure .wide svg { max-width: none; width: 38rem; }
  .headline { gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); }
  .faces { grid-template-columns: repeat(auto-fill, minmax(4.6rem, 1fr)); }
}
@media print {
  @page { margin: 16mm 15mm; }
  body { font-size: 9.5pt; max-width: none; padding: 0; }
  header { padding: 0 0 1rem; }
  nav, .skip, .screen { display: none; }
  section { padding-top: 1.5rem; margin-top: 1.5rem; }
  h2, h3, caption, section > p { break-after: avoid; }
  section, p, ol, figure, table, .faces, li, .note, .headline > div { break-inside: avoid; }
  details:not([open]) { display: none; }
  .pair { grid-template-columns: 1fr 1fr; }
  .scroll { overflow: visible; }
  .faces { grid-template-columns: repeat(8, 1fr); }
  pre { white-space: pre-wrap; }
  a { color: inherit; text-decoration: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
