/** The style sheet of every page: the colors and the type of Interlock's dashboards. */
export const pageCss = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f3f5f8, #0e1217);
  --card: light-dark(#ffffff, #161b22);
  --fill: light-dark(#edf0f4, #212934);
  --line: light-dark(#dfe4ea, #2a323d);
  --ink: light-dark(#17202b, #e8edf3);
  --soft: light-dark(#55606f, #9ba8b7);
  --accent: light-dark(#2b5fc7, #8ab2ff);
  --accent-fill: light-dark(#e4ecfb, #1d2c48);
  --good: light-dark(#17713f, #5fd097);
  --warn: light-dark(#8a5300, #f0b455);
  --warn-fill: light-dark(#fdf0d7, #3a2c12);
  --bad: light-dark(#b3261e, #ff8f86);
  --bad-fill: light-dark(#fcebe9, #3a1a19);
  font: 400 14px / 1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  font-variant-numeric: tabular-nums;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere; }
h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
ul, ol { list-style: none; }
code { font: 500 12.5px / 1.4 ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace; }
.top { max-width: 1080px; margin: 0 auto; padding: 28px 20px 4px; }
h1 { font-size: 22px; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 28px 0 10px; font-size: 16px; font-weight: 650; }
.note { margin-top: 4px; color: var(--soft); }
main { max-width: 1080px; margin: 0 auto; padding: 8px 20px 48px; }
.card { padding: 14px 16px; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
.card + .card { margin-top: 10px; }
.pill { display: inline-block; padding: 1px 9px; border-radius: 999px; background: var(--fill); color: var(--soft); font-size: 12px; font-weight: 600; }
.pill.warn { background: var(--warn-fill); color: var(--warn); }
.pill.bad { background: var(--bad-fill); color: var(--bad); }
.pill.accent { background: var(--accent-fill); color: var(--accent); }
.soft { color: var(--soft); }
h2 + .soft { margin-bottom: 8px; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
table { width: 100%; border-collapse: collapse; font-size: 13px; }
th, td { padding: 8px 12px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-size: 12px; font-weight: 600; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
:focus-visible { outline: 2.5px solid var(--accent); outline-offset: 2px; }
@media (max-width: 600px) { .top { padding: 18px 14px 2px; } main { padding: 4px 14px 32px; } h1 { font-size: 19px; } .scroll table { min-width: 560px; } }
@media print { :root { color-scheme: light; } body { background: #fff; } .card { break-inside: avoid; } }
`;
