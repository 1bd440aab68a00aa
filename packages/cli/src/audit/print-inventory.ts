import {
  type Endpoint,
  type EndpointRisk,
  type EndpointServer,
  type Inventory,
  type InventoryBot,
  summarize,
} from "@interlock/audit";
import { count, span } from "../dashboard/model/format.js";
import { type Output, paint } from "../output.js";
import { cellsOf, columns, fitPurpose, headings } from "./inventory-cells.js";
import { printBots } from "./print-bots.js";

interface PrintOptions {
  /** The maximum number of endpoints. */
  readonly limit: number;
  /** Whether all endpoints were wanted: then the bots are shown, too. */
  readonly isWhole: boolean;
}

/** The maximum numbers of servers and of sentences below one service. */
const maximumServers = 5;
const maximumSentences = 4;

/** Prints an inventory for people: a block for each service, and the bots. */
export function printInventory(
  output: Output,
  inventory: Inventory,
  risks: readonly EndpointRisk[],
  { limit, isWhole }: PrintOptions,
): void {
  const { endpoints, at } = inventory;
  output.line(paint("bold", summarize(inventory)));
  if (endpoints.length === 0) output.line(isWhole ? nothingKnown : "Without --service and --state, all are shown.");
  const gone = new Map(inventory.bots.flatMap((bot) => (goneText(bot) ? [[bot.name, goneText(bot)]] : [])));
  const scores = new Map(risks.map(({ name, score }) => [name, score]));
  const rows = endpoints
    .slice(0, limit)
    .map((endpoint) => ({ endpoint, cells: cellsOf(endpoint, scores.get(endpoint.name), at) }));
  const widths = headings.map((heading, i) =>
    rows.reduce((most, { cells }) => Math.max(most, cells[i]?.text.length ?? 0), heading.length),
  );
  let service: string | undefined;
  const ofService = (name: string) =>
    rows.filter(({ endpoint }) => endpoint.service === name).map(({ endpoint }) => endpoint);
  for (const { endpoint, cells } of rows) {
    if (endpoint.service !== service) {
      if (service !== undefined) printSentences(output, ofService(service));
      ({ service } = endpoint);
      printHead(output, ofService(service), gone, at);
      output.line(
        paint(
          "dim",
          `  ${columns(
            headings.map((text) => ({ text })),
            widths,
          )}`,
        ),
      );
    }
    output.line(`  ${columns(fitPurpose(cells, widths), widths)}`);
  }
  if (service !== undefined) printSentences(output, ofService(service));
  const left = endpoints.length - rows.length;
  if (left > 0)
    output.line(
      `\n${paint("dim", `${count(left)} more: --limit ${endpoints.length} shows them all, --service one service.`)}`,
    );
  if (isWhole && inventory.sources.fleet) printBots(output, inventory.bots, at);
}

/** What is said where nothing is known. */
const nothingKnown = "No endpoint is known: run it in the folder of the proto files, or with the authority.";

function goneText({ retiredAt, revokedAt }: InventoryBot): string {
  return retiredAt !== undefined ? "retired" : revokedAt !== undefined ? "revoked" : "";
}

function printHead(
  output: Output,
  endpoints: readonly Endpoint[],
  gone: ReadonlyMap<string, string>,
  at: number,
): void {
  const [first] = endpoints;
  if (!first) return;
  const owner = first.owner === undefined ? "" : paint("dim", `  owner: ${first.owner}`);
  output.line(`\n${paint("bold", first.service)}${owner}`);
  const servers = new Map<string, EndpointServer>();
  for (const server of endpoints.flatMap((endpoint) => endpoint.servers))
    servers.set(`${server.bot} ${server.address} ${server.instance}`, server);
  // One that is gone is news only while none of the bot is there.
  const here = new Set([...servers.values()].filter(({ online }) => online).map(({ bot }) => bot));
  const shown = [...servers.values()].filter(({ bot, online }) => online || !here.has(bot));
  const lines = shown.slice(0, maximumServers).map((server) => serverText(server, gone.get(server.bot), at));
  if (shown.length > maximumServers) lines.push(`and ${shown.length - maximumServers} more`);
  if (lines.length > 0) output.line(`  ${paint("dim", "served by")} ${lines.join(", ")}`);
}

function serverText(
  { bot, address, online, lastSeenAt, stoppedAt }: EndpointServer,
  gone: string | undefined,
  at: number,
): string {
  const place = `${bot || "(no name)"}${address && ` ${address}`}`;
  if (online) return `${paint("green", "●")} ${place}`;
  if (lastSeenAt === undefined) return `${paint("yellow", "●")} ${place} (seen by the scan only)`;
  const since =
    stoppedAt === undefined ? `not seen since ${span(at - lastSeenAt)} ago` : `ended ${span(at - stoppedAt)} ago`;
  return `${paint("dim", "○")} ${place} (${gone ?? since})`;
}

/** What is not known, and how served policies differ, each sentence once. */
function printSentences(output: Output, endpoints: readonly Endpoint[]): void {
  const sentences = [...new Set(endpoints.flatMap(({ unknown, drift }) => [...unknown, ...drift]))];
  for (const text of sentences.slice(0, maximumSentences)) output.line(paint("dim", `  ${text}`));
  const left = sentences.length - maximumSentences;
  if (left > 0) output.line(paint("dim", `  ${left} more of such: --json has them.`));
}
