import type { EndpointState, Inventory, InventoryChange } from "@interlock/audit";
import { Command } from "commander";

import { writeReport } from "../audit/write-report.js";
import { type Output, paint } from "../output.js";
import { parseState, type SourceOptions, withSources } from "./inventory-options.js";
import { parseCount } from "./options.js";

interface Options extends SourceOptions {
  readonly service?: string;
  readonly state?: readonly EndpointState[];
  readonly all?: boolean;
  readonly limit?: number;
  readonly html?: string;
  readonly save?: string;
}

/** How many endpoints are shown to a person by default. With `--json`, all of them are written. */
const defaultShown = 200;

/** `interlock inventory`: every endpoint that is known from anywhere, and its state. */
export function inventoryCommand(output: Output): Command {
  const inventory = withSources(new Command("inventory"))
    .description(
      "List every endpoint that proto files, bots, calls or a scan know: its policy, servers, callers, state.",
    )
    .option("--service <name>", "only one service; the package may be omitted")
    .option("--state <state>", "only endpoints in that state, for example unused; may be repeated", parseState)
    .option("--all", "Interlock's own endpoints, too")
    .option("--limit <count>", `the number of endpoints. Default: ${defaultShown}, and all with --json`, parseCount)
    .option("--html <file>", "write one HTML page for people")
    .option("--save <file>", "write a snapshot, for inventory diff")
    .option("--json", "print one JSON value, for programs")
    .addHelpText("after", help)
    .action((options: Options) => show(output, options));
  withSources(inventory.command("diff"))
    .description("Show what has changed between two snapshots: methods, policies, servers, callers, states.")
    .argument("<before>", "a snapshot, from interlock inventory --save")
    .argument("[after]", "a later snapshot. Default: the inventory of now")
    .option("--service <name>", "only one service; the package may be omitted")
    .option("--all", "Interlock's own endpoints, too")
    .option("--limit <count>", `the number of changes that a person is shown. Default: ${defaultShown}`, parseCount)
    .addHelpText("after", diffHelp)
    .action((before: string, after: string | undefined, _: object, command: Command) =>
      diff(output, before, after, command.optsWithGlobals<Options>()),
    );
  return inventory;
}

const help = `
States: declared, served, listening, used, unused, deprecated, past-sunset, retired, undeclared, unknown. "unused" is said only where
every server of the service has reported its calls for the whole window; otherwise "unknown", with the reason.

Example:
  interlock inventory --state unused --window 90d
  interlock inventory --html inventory.html --save today.json`;

const diffHelp = `
--project, --grants, --scan-file and --offline say what the inventory of now is made from.

Example:
  interlock inventory diff last-month.json
  interlock inventory diff monday.json friday.json --service TillService`;

async function show(output: Output, options: Options): Promise<void> {
  const { readInventoryInputs } = await import("../audit/read-inventory-inputs.js");
  const { createInventory, inventoryPage, scoreRisk, selectEndpoints, writeSnapshot } = await import(
    "@interlock/audit"
  );
  const inputs = await readInventoryInputs(options);
  const whole = createInventory(inputs, { windowMs: options.window });
  const chosen = selectEndpoints(whole, { service: options.service, states: options.state, own: options.all });
  const names = new Set(chosen.endpoints.map(({ name }) => name));
  const risks = scoreRisk(whole, inputs).filter(({ name }) => names.has(name));
  if (options.html !== undefined) await writeReport(options.html, inventoryPage(chosen, risks));
  // A snapshot has Interlock's own endpoints, too: a later one is compared with all of it.
  if (options.save !== undefined) {
    const saved = selectEndpoints(whole, { service: options.service, own: true });
    await writeReport(options.save, writeSnapshot(saved));
  }
  const limit = options.limit ?? (output.json ? Number.POSITIVE_INFINITY : defaultShown);
  const endpoints = chosen.endpoints.slice(0, limit);
  const total = chosen.endpoints.length;
  const inventory: Inventory = { ...chosen, endpoints };
  const { printInventory } = await import("../audit/print-inventory.js");
  output.result({ ok: true, total, inventory, risks }, () => {
    if (options.html === undefined && options.save === undefined)
      printInventory(output, chosen, risks, { limit, isWhole: options.service === undefined && !options.state });
    for (const file of [options.html, options.save])
      if (file !== undefined) output.line(`${paint("green", "written")} ${file}`);
  });
}

async function diff(output: Output, beforePath: string, afterPath: string | undefined, options: Options) {
  const { readInventoryInputs } = await import("../audit/read-inventory-inputs.js");
  const { readSnapshot } = await import("../audit/read-snapshot.js");
  const { createInventory, diffInventory, selectEndpoints, timeText } = await import("@interlock/audit");
  const before = await readSnapshot(beforePath);
  const windowMs = options.window ?? before.windowMs;
  const after =
    afterPath === undefined
      ? createInventory(await readInventoryInputs(options), { windowMs })
      : await readSnapshot(afterPath);
  const selection = { service: options.service, own: options.all };
  const changes = diffInventory(selectEndpoints(before, selection), selectEndpoints(after, selection));
  const sources = { before: before.sources, after: after.sources };
  output.result({ ok: true, before: before.at, after: after.at, sources, changes }, () => {
    const times = [before.at, after.at].map(timeText);
    output.line(paint("dim", `From ${times[0]} to ${times[1]}:`));
    const unequal = (["project", "fleet", "scan"] as const).filter((one) => before.sources[one] !== after.sources[one]);
    if (unequal.length > 0) output.line(paint("yellow", `Only one of them rests on: ${unequal.join(", ")}.`));
    printChanges(output, changes, options.limit ?? defaultShown);
  });
}

const marks: Readonly<Record<string, readonly [string, Parameters<typeof paint>[0]]>> = {
  loosened: ["!", "red"],
  tightened: ["✓", "green"],
  changed: ["~", "yellow"],
  added: ["+", "green"],
  gained: ["+", "cyan"],
  new: ["+", "cyan"],
  removed: ["-", "red"],
  lost: ["-", "cyan"],
  gone: ["-", "yellow"],
};

function printChanges(output: Output, changes: readonly InventoryChange[], limit: number): void {
  if (changes.length === 0) output.line("Nothing has changed.");
  for (const { kind, text } of changes.slice(0, limit)) {
    const [mark, color] = marks[kind.slice(kind.lastIndexOf("-") + 1)] ?? ["~", "yellow"];
    const loosened = kind === "policy-loosened" ? paint("dim", " [loosened]") : "";
    output.line(`${paint(color, mark)} ${text}${loosened}`);
  }
  if (changes.length > limit)
    output.line(paint("dim", `${changes.length - limit} more: --limit ${changes.length} shows them all.`));
}
