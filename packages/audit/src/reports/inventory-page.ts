import type { Inventory, InventoryBot } from "../inventory/inventory.js";
import { countStates } from "../inventory/select-endpoints.js";
import { summarize } from "../inventory/summarize.js";
import type { EndpointRisk } from "../risk/score-risk.js";
import { plural, spanText, timeText } from "../text.js";
import { endpointCard } from "./endpoint-card.js";
import { escapeHtml } from "./escape-html.js";
import { htmlPage } from "./html-page.js";
import { inventoryCss } from "./inventory-css.js";

/** The maximum numbers of endpoints and of bots on a page; the page says how many more there are. */
const maximumEndpoints = 500;
const maximumBots = 500;

/**
 * Writes the inventory as one self-contained HTML page, for readers that do not know the fleet.
 *
 * @param inventory - The inventory.
 * @param risks - From `scoreRisk`, the worst first. Endpoints that are not in it come last.
 */
export function inventoryPage(inventory: Inventory, risks: readonly EndpointRisk[]): string {
  const fleet = inventory.trustDomain || "the project";
  return htmlPage({
    title: `Inventory of ${fleet}`,
    css: inventoryCss,
    note: escapeHtml(
      `As of ${timeText(inventory.at)}. A method without a call for ${spanText(inventory.windowMs)} is unused.`,
    ),
    body: [lead(inventory, risks), numbers(inventory), endpoints(inventory, risks), bots(inventory)].join("\n"),
  });
}

function lead(inventory: Inventory, [worst]: readonly EndpointRisk[]): string {
  const { project, fleet, scan } = inventory.sources;
  const missing = [
    ...(project ? [] : ["no proto files were read, so nothing is declared"]),
    ...(fleet ? [] : ["the authority was not asked, so servers and calls are not known"]),
    ...(scan ? [] : ["no ports were scanned"]),
  ];
  const first = worst === undefined ? "" : ` The highest risk is ${worst.name}, with ${worst.score} of 100.`;
  const rests = missing.length === 0 ? "" : `<p class="soft">Keep in mind: ${escapeHtml(missing.join("; "))}.</p>`;
  return `<div><p class="lead">${escapeHtml(`${summarize(inventory)}${first}`)}</p>${rests}</div>`;
}

function numbers({ endpoints }: Inventory): string {
  const counts = countStates(endpoints);
  const tiles: readonly [string, number, string][] = [
    ["Endpoints", endpoints.length, ""],
    ["Used", counts.used, ""],
    ["Unused", counts.unused, "warn"],
    ["Unknown", counts.unknown, "warn"],
    ["Undeclared", counts.undeclared, "bad"],
    ["Past sunset", counts["past sunset"], "bad"],
  ];
  const items = tiles.map(
    ([name, count, tone]) =>
      `<li${count > 0 && tone ? ` class="${tone}"` : ""}><span>${name}</span><strong>${count}</strong></li>`,
  );
  return `<ul class="numbers" aria-label="Numbers">${items.join("")}</ul>`;
}

function endpoints({ endpoints: all, at }: Inventory, risks: readonly EndpointRisk[]): string {
  const ranks = new Map(risks.map((risk, i) => [risk.name, { risk, i }]));
  const rankOf = (name: string) => ranks.get(name)?.i ?? Number.POSITIVE_INFINITY;
  const sorted = [...all].sort((a, b) => rankOf(a.name) - rankOf(b.name) || 0);
  const cards = sorted.slice(0, maximumEndpoints).map((one) => endpointCard(one, ranks.get(one.name)?.risk, at));
  const left = sorted.length - cards.length;
  const more =
    left > 0
      ? `<p class="more">${plural(left, "endpoint")} with a lower score ${left === 1 ? "is" : "are"} not shown.</p>`
      : "";
  const none = cards.length === 0 ? '<p class="more">No endpoint is known.</p>' : "";
  return `<section class="card" aria-labelledby="endpoints"><h2 id="endpoints">Endpoints, the highest risk first</h2>${cards.join("")}${none}${more}</section>`;
}

function bots({ bots: all, at, sources }: Inventory): string {
  if (!sources.fleet) return "";
  const rows = all.slice(0, maximumBots).map((bot) => botRow(bot, at));
  const left = all.length - rows.length;
  const more =
    left > 0 ? `<p class="more">${plural(left, "more bot")} ${left === 1 ? "is" : "are"} not shown.</p>` : "";
  return `<section class="card" aria-labelledby="bots"><h2 id="bots">Bots</h2><table><thead><tr><th scope="col">Bot</th><th scope="col">Seen</th><th scope="col" class="wide">Certificate</th><th scope="col" class="wide">Version</th><th scope="col">Serves</th></tr></thead><tbody>${rows.join("")}</tbody></table>${more}</section>`;
}

function botRow(bot: InventoryBot, at: number): string {
  const pill =
    bot.retiredAt !== undefined
      ? ' <span class="pill">retired</span>'
      : bot.revokedAt !== undefined
        ? ' <span class="pill bad">revoked</span>'
        : bot.known === "joined" || bot.known === "authority"
          ? ""
          : ' <span class="pill warn">never enrolled</span>';
  const services = bot.services.map((service) => service.slice(service.lastIndexOf(".") + 1));
  return `<tr><th scope="row"><b>${escapeHtml(bot.name)}</b>${pill}</th><td>${seenText(bot)}</td><td class="wide">${certificateText(bot, at)}</td><td class="wide">${escapeHtml(bot.versions.join(", ") || "–")}</td><td>${escapeHtml(services.join(", ") || "–")}</td></tr>`;
}

function seenText({ online, lastSeenAt, known }: InventoryBot): string {
  if (online) return "online";
  if (lastSeenAt === undefined) return "never";
  return `${known === "called" ? "called last" : "not seen since"} ${timeText(lastSeenAt)}`;
}

function certificateText({ certificateExpiresAt: expires, known }: InventoryBot, at: number): string {
  if (expires === undefined) return known === "joined" || known === "authority" ? "–" : "from elsewhere";
  return expires < at ? `expired ${timeText(expires)}` : `${spanText(expires - at)} left`;
}
