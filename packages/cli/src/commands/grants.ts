import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { InterlockError } from "@interlock/bot";
import type { ApplyGrantsResponse, GrantChange } from "@interlock/bot/protocol";
import { Command } from "commander";
import { allPages } from "../all-pages.js";
import { asMember, type Session } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { parseCount } from "./options.js";

/** `interlock grants`: which bots may hold which scope. */
export function grantsCommand(output: Output): Command {
  const grants = new Command("grants").description("Which bots may hold which scope.");
  grants
    .command("show")
    .description("Show the grants in force, or an earlier version.")
    .option("--at <version>", "the version. Default: the one in force", parseCount)
    .addHelpText("after", "\nExample:\n  interlock grants show > grants.yaml")
    .action(({ at = 0 }: { at?: number }) =>
      asMember(async ({ admin }) => {
        const { yaml, version } = await admin.getGrants({ version: BigInt(at) });
        output.result({ ok: true, version, yaml }, () => output.line(yaml.trimEnd()));
      }),
    );
  grants
    .command("plan")
    .description("Show what applying a file would change, without changing anything.")
    .argument("<file>", "grants.yaml")
    .addHelpText("after", "\nExample:\n  interlock grants plan grants.yaml")
    .action(async (file: string) => apply(output, await read(file), { dryRun: true }));
  grants
    .command("apply")
    .description("Replace the grants with those of a file. Shows the difference first.")
    .argument("<file>", "grants.yaml")
    .option("--dry-run", "show the difference only")
    .option("--yes", "do not ask for confirmation; without a terminal the command never asks")
    .addHelpText("after", "\nExample:\n  interlock grants apply grants.yaml --dry-run")
    .action(async (file: string, options: ApplyOptions) => apply(output, await read(file), options));
  grants
    .command("history")
    .description("List every version of the grants with its time and author.")
    .addHelpText("after", "\nExample:\n  interlock grants history")
    .action(() =>
      asMember(async ({ admin }) => {
        const versions = await allPages(admin.listGrantVersions, (answer) => answer.versions);
        output.result({ ok: true, versions }, () => {
          output.table(
            ["VERSION", "APPLIED", "BY"],
            versions.map(({ version, appliedAt, appliedBy }) => {
              return [String(version), appliedAt?.toISOString() ?? "", appliedBy];
            }),
          );
        });
      }),
    );
  grants
    .command("rollback")
    .description("Apply an earlier version again as a new one. Shows the difference first.")
    .argument("<version>", 'the number that "interlock grants history" shows', parseCount)
    .option("--dry-run", "show the difference only")
    .option("--yes", "do not ask for confirmation; without a terminal the command never asks")
    .addHelpText("after", "\nExample:\n  interlock grants rollback 4 --dry-run")
    .action((version: number, options: ApplyOptions) =>
      apply(
        output,
        ({ admin }, dryRun) => {
          return admin.rollbackGrants({ version: BigInt(version), dryRun });
        },
        options,
      ),
    );
  return grants;
}

interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

type Change = (session: Session, dryRun: boolean) => Promise<ApplyGrantsResponse>;

async function read(file: string): Promise<Change> {
  const yaml = await readFile(file, "utf8").catch((cause) => {
    const problem = cause.code === "ENOENT" ? `There is no file ${file}` : `${file} cannot be read (${cause.code})`;
    throw new InterlockError("NOT_FOUND", `${problem}: name the grants file.`, { cause });
  });
  return ({ admin }, dryRun) => admin.applyGrants({ yaml, dryRun });
}

async function apply(output: Output, change: Change, { dryRun = false, yes }: ApplyOptions): Promise<void> {
  await asMember(async (session) => {
    const planned = await change(session, true);
    printChanges(output, planned.changes);
    const ask = !yes && !output.json && process.stdin.isTTY && planned.changes.length > 0;
    if (dryRun || (ask && !(await confirm()))) {
      return output.result({ ok: true, applied: false, ...planned }, () => output.line("Nothing was changed."));
    }
    const applied = await change(session, false);
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
