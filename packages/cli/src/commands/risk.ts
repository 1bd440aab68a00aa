import type { EndpointRisk } from "@interlock/audit";
import { Command } from "commander";

import { type Output, paint } from "../output.js";
import { type SourceOptions, withSources } from "./inventory-options.js";
import { parseCount } from "./options.js";

interface Options extends SourceOptions {
  readonly service?: string;
  readonly limit?: number;
}

/** How many endpoints are shown to a person by default. With `--json`, all of them are written. */
const defaultShown = 20;

/** `interlock risk`: the endpoints by their risk, the worst first, with the reasons. */
export function riskCommand(output: Output): Command {
  return withSources(new Command("risk"))
    .description("Score the risk of every endpoint, 0 to 100, the worst first, each with its reasons.")
    .option("--service <name>", "only one service; the package may be omitted")
    .option("--limit <count>", `the number of endpoints. Default: ${defaultShown}, and all with --json`, parseCount)
    .addHelpText("after", "\ndocs/risk.md lists the points.\n\nExample:\n  interlock risk --limit 5")
    .action(async (options: Options) => {
      const { readInventoryInputs } = await import("../audit/read-inventory-inputs.js");
      const { createInventory, scoreRisk, selectEndpoints } = await import("@interlock/audit");
      const inputs = await readInventoryInputs(options);
      const whole = createInventory(inputs, { windowMs: options.window });
      const { endpoints } = selectEndpoints(whole, { service: options.service });
      const names = new Set(endpoints.map(({ name }) => name));
      const risks = scoreRisk(whole, inputs).filter(({ name }) => names.has(name));
      const shown = risks.slice(0, options.limit ?? (output.json ? risks.length : defaultShown));
      output.result({ ok: true, total: risks.length, endpoints: shown }, () => print(output, shown, risks.length));
    });
}

function print(output: Output, risks: readonly EndpointRisk[], total: number): void {
  if (total === 0) output.line("No endpoint is known: run it in the folder of the proto files, or with the authority.");
  for (const { name, score, reasons, worstCase } of risks) {
    const color = score >= 60 ? "red" : score >= 35 ? "yellow" : "green";
    output.line(`${paint(color, `${score}`.padStart(3))} ${paint("bold", name)}`);
    if (worstCase !== undefined) output.line(`      At worst: ${worstCase}`);
    for (const { points, text } of reasons) output.line(`  ${paint("dim", `${points}`.padStart(3))} ${text}`);
  }
  if (total > risks.length) output.line(paint("dim", `${total - risks.length} more: --limit ${total} shows them all.`));
}
