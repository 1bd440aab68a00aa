/** The style sheet of the inventory's page, after that of every page. */
export const inventoryCss = `
main { display: grid; gap: 14px; }
.top, main { max-width: 1180px; }
.lead { max-width: 70ch; font-size: 17px; line-height: 1.5; }
.lead + p { max-width: 80ch; margin-top: 4px; }
.numbers { display: grid; grid-template-columns: repeat(6, 1fr); border: 1px solid var(--line); border-radius: 14px; background: var(--card); }
.numbers li { padding: 12px 18px 13px; }
.numbers li + li { border-left: 1px solid var(--line); }
.numbers span { display: block; color: var(--soft); font-size: 13px; }
.numbers strong { font-size: 26px; font-weight: 620; letter-spacing: -0.02em; line-height: 1.25; }
.numbers .warn strong { color: var(--warn); }
.numbers .bad strong { color: var(--bad); }
.card h2 { margin: 0 0 4px; }
.card { padding: 14px 18px 16px; border-radius: 14px; }
.endpoint { display: grid; grid-template-columns: 64px minmax(0, 1fr); gap: 2px 14px; padding: 14px 0; border-top: 1px solid var(--line); }
.endpoint:first-of-type { border-top: 0; padding-top: 8px; }
.endpoint h3 { font-size: 15px; font-weight: 600; }
.endpoint h3 small { display: block; color: var(--soft); font-size: 12px; font-weight: 400; }
.score { grid-row: span 2; text-align: right; }
.score strong { display: block; font-size: 22px; font-weight: 620; letter-spacing: -0.02em; line-height: 1.2; }
.score span { color: var(--soft); font-size: 12px; }
.score.warn strong { color: var(--warn); }
.score.bad strong { color: var(--bad); }
.pills { display: flex; flex-wrap: wrap; gap: 4px; margin: 5px 0 6px; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 12px; margin-top: 6px; font-size: 13px; }
.facts dt { color: var(--soft); }
.reasons { margin-top: 6px; padding-left: 0; font-size: 13px; }
.reasons li { position: relative; padding-left: 34px; }
.reasons b { position: absolute; left: 0; width: 26px; color: var(--soft); font-weight: 600; text-align: right; }
.worst { margin-top: 6px; padding: 6px 10px; border-radius: 8px; background: var(--warn-fill); color: var(--warn); font-size: 13px; }
details { margin-top: 6px; font-size: 13px; }
summary { width: max-content; max-width: 100%; color: var(--accent); cursor: pointer; }
.more { padding-top: 10px; color: var(--soft); }
th b { color: var(--ink); font-weight: 600; }
tr:last-child th { border-bottom: 0; }
tbody th { white-space: normal; }
@media (max-width: 860px) {
  .numbers { grid-template-columns: repeat(3, 1fr); }
  .numbers li + li { border-left: 0; }
}
@media (max-width: 600px) {
  .lead { font-size: 16px; }
  .numbers { grid-template-columns: repeat(2, 1fr); }
  .numbers li { padding: 8px 14px 9px; }
  .card { padding: 10px 12px 12px; }
  .endpoint { grid-template-columns: 40px minmax(0, 1fr); gap: 2px 10px; }
  .score strong { font-size: 18px; }
  .facts { grid-template-columns: minmax(0, 1fr); }
  .facts dt:not(:first-child) { margin-top: 4px; }
  .wide { display: none; }
}
@media print {
  .card, .numbers { border-color: #bbb; break-inside: auto; }
  .endpoint, tr { break-inside: avoid; }
  details > summary { display: none; }
  details::details-content { content-visibility: visible; }
}
`;
