import { callerText } from "../inventory/caller-text.js";
import type { Caller, Endpoint, EndpointServer, EndpointState } from "../inventory/inventory.js";
import type { EndpointRisk } from "../risk/score-risk.js";
import { dayText, plural, timeText } from "../text.js";
import { escapeHtml } from "./escape-html.js";

/** The maximum number of callers and of servers of one endpoint on a page, and of sentences. */
const maximumEntries = 20;

/** The scores from which an endpoint needs a look, and from which it needs it first. */
const warnScore = 35;
const badScore = 60;

const tones: Partial<Record<EndpointState, string>> = {
  used: "accent",
  unused: "warn",
  unknown: "warn",
  deprecated: "warn",
  "past sunset": "bad",
  undeclared: "bad",
};

/** Writes one endpoint: its score, what it is for, its states, who calls it, and why it has that score. */
export function endpointCard(endpoint: Endpoint, risk: EndpointRisk | undefined, at: number): string {
  const { service, method, policy, states, unknown, drift } = endpoint;
  const pills = states.map(
    (state) => `<li class="pill ${tones[state] ?? ""}">${escapeHtml(stateText(endpoint, state))}</li>`,
  );
  const worst = risk?.worstCase === undefined ? "" : `<p class="worst">At worst: ${escapeHtml(risk.worstCase)}</p>`;
  const purpose = policy?.purpose === undefined ? "" : `<p>${escapeHtml(policy.purpose)}</p>`;
  return `<article class="endpoint">
<p class="score ${scoreTone(risk?.score ?? 0)}">${risk ? `<strong>${risk.score}</strong><span>of 100</span>` : "<span>Interlock’s own</span>"}</p>
<div><h3>${escapeHtml(method || "all methods")}<small>${escapeHtml(service)}</small></h3>
<ul class="pills" aria-label="States">${pills.join("")}</ul>
${purpose}${worst}${sentences([...unknown, ...drift])}
<dl class="facts">${facts(endpoint, risk, at)}</dl>${reasons(risk)}</div>
</article>`;
}

function scoreTone(score: number): string {
  return score >= badScore ? "bad" : score >= warnScore ? "warn" : "";
}

/** A state in words, `unused since …` with its date. */
function stateText({ unusedSince }: Endpoint, state: EndpointState): string {
  return state === "unused" && unusedSince !== undefined ? `unused since ${dayText(unusedSince)}` : state;
}

function sentences(texts: readonly string[]): string {
  return texts
    .slice(0, maximumEntries)
    .map((text) => `<p class="soft">${escapeHtml(text)}</p>`)
    .join("");
}

function facts(endpoint: Endpoint, risk: EndpointRisk | undefined, at: number): string {
  const { owner, policy, callers, servers, calls, firstCallAt, lastCallAt, denials } = endpoint;
  const called =
    lastCallAt === undefined || firstCallAt === undefined
      ? "no call on record"
      : `${plural(calls, "call")}, first ${timeText(firstCallAt)}, last ${lastCallAt > at ? "now" : timeText(lastCallAt)}`;
  const access = !policy ? "not known" : policy.anyBot ? "any bot, without a token" : policy.scopes.join(", ");
  const reach = risk?.reach ? `; ${plural(risk.reach.bots, "bot")} can call it now` : "";
  const rows: readonly [string, string | undefined][] = [
    ["Owner", owner ?? "none is named"],
    ["Access", `${access}${reach}`],
    ["Data", policy && (policy.dataClasses.join(", ") || "not stated")],
    ["Calls", `${called}${denials > 0 ? `; ${plural(denials, "denial")}` : ""}`],
    ["Callers", entries(callers, callerLine) || undefined],
    ["Served by", entries(servers, serverLine) || "no bot that is known"],
  ];
  return rows
    .filter(([, text]) => text !== undefined)
    .map(([name, text = ""]) => `<dt>${name}</dt><dd>${escapeHtml(text)}</dd>`)
    .join("");
}

function entries<T>(list: readonly T[], text: (item: T) => string): string {
  const shown = list.slice(0, maximumEntries).map(text).join("; ");
  return list.length > maximumEntries ? `${shown}; and ${list.length - maximumEntries} more` : shown;
}

function callerLine({ bot, actors, lastAt }: Caller): string {
  return `${callerText(bot, actors)} (last ${dayText(lastAt)})`;
}

/** Where a server is, and whether it is there. */
function serverLine({ bot, address, online, lastSeenAt, stoppedAt }: EndpointServer): string {
  const place = `${bot || "a bot without a name"}${address && ` at ${address}`}`;
  if (online) return place;
  if (stoppedAt !== undefined) return `${place} (ended ${timeText(stoppedAt)})`;
  return lastSeenAt === undefined
    ? `${place} (seen by the scan only)`
    : `${place} (not seen since ${timeText(lastSeenAt)})`;
}

function reasons(risk: EndpointRisk | undefined): string {
  if (!risk || risk.reasons.length === 0) return "";
  const items = risk.reasons.map(({ points, text }) => `<li><b>${points}</b>${escapeHtml(text)}</li>`);
  return `<details${risk.score >= warnScore ? " open" : ""}><summary>Why ${risk.score} of 100</summary><ul class="reasons">${items.join("")}</ul></details>`;
}
