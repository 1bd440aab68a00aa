import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { InterlockError } from "@interlock/bot";
import type { GrantChange } from "@interlock/bot/protocol";
import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";

/** `interlock grants`: who may hold which scope. */
export function grantsCommand(output: Output): Command {
  const grants = new Command("grants").description("Who may hold which scope.");
  grants
    .command("show")
    .description("Show the grants in force.")
    .addHelpText("after", "\nExample:\n  interlock grants show > grants.yaml")
    .action(() =>
      asMember(async ({ admin }) => {
        const { yaml, version } = await admin.getGrants({});
        output.result({ ok: true, version, yaml }, () => output.line(yaml.trimEnd()));
      }),
    );
  grants
    .command("apply")
    .description("Replace the grants with those of a file; shows the difference first.")
    .argument("<file>", "grants.yaml")
    .option("--dry-run", "show the difference, and change nothing")
    .option("--yes", "do not ask; a command that is not at a terminal never asks")
    .addHelpText("after", "\nExample:\n  interlock grants apply grants.yaml --dry-run")
    .action((file: string, options: { dryRun?: boolean; yes?: boolean }) => apply(output, file, options));
  return grants;
}

async function apply(output: Output, file: string, { dryRun = false, yes }: { dryRun?: boolean; yes?: boolean }) {
  const yaml = await readFile(file, "utf8").catch((cause) => {
    throw new InterlockError("NOT_FOUND", `${file} cannot be read: name the grants file.`, { cause });
  });
  await asMember(async ({ admin }) => {
    const planned = await admin.applyGrants({ yaml, dryRun: true });
    printChanges(output, planned.changes);
    const ask = !yes && !output.json && process.stdin.isTTY && planned.changes.length > 0;
    if (dryRun || (ask && !(await confirm()))) {
      return output.result({ ok: true, applied: false, ...planned }, () => output.line("Nothing was changed."));
    }
    const applied = await admin.applyGrants({ yaml, dryRun: false });
    output.result({ ok: true, applied: true, ...applied }, () =>
      output.line(`Grants version ${applied.version} is in force.`),
    );
  });
}

function printChanges(output: Output, changes: readonly GrantChange[]): void {
  if (changes.length === 0) output.line("No difference.");
  for (const { added, identity, service, scope } of changes) {
    output.line(paint(added ? "green" : "red", `${added ? "+" : "-"} ${identity}  ${service}  ${scope}`));
  }
}

async function confirm(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question("Apply? [y/N] ")).trim());
  } finally {
    terminal.close();
  }
}
