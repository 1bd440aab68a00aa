import { readFile } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";
import type { ApplyGrantsResponse } from "@interlock/bot/protocol";
import { Command } from "commander";
import { allPages } from "../all-pages.js";
import { checkGrants, type GrantsFile, printFindings, stops } from "../check-grants.js";
import { confirm } from "../confirm.js";
import { asMember, type Session } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { printGrantChanges } from "../print-grant-changes.js";
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
    .description("Show what applying a file would change, and what in it has no effect, without changing anything.")
    .argument("<file>", "grants.yaml")
    .option("--strict", strictHelp)
    .option("--manifest <file...>", manifestHelp)
    .addHelpText("after", `${checksHelp}\n\nExample:\n  interlock grants plan grants.yaml --strict`)
    .action(async (path: string, options: FileOptions) => {
      const file = await read(path, options);
      await apply(output, changeTo(file), { ...options, dryRun: true }, file);
    });
  grants
    .command("apply")
    .description("Replace the grants with those of a file. Shows the difference first.")
    .argument("<file>", "grants.yaml")
    .option("--dry-run", "show the difference only")
    .option("--yes", "do not ask for confirmation; without a terminal the command never asks")
    .option("--force", "take the last operator that could undo it its grant, too")
    .option("--strict", strictHelp)
    .option("--manifest <file...>", manifestHelp)
    .addHelpText("after", `${checksHelp}\n\nExample:\n  interlock grants apply grants.yaml --dry-run`)
    .action(async (path: string, options: ApplyOptions & FileOptions) => {
      const file = await read(path, options);
      await apply(output, changeTo(file, options.force), options, file);
    });
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
    .option("--force", "take the last operator that could undo it its grant, too")
    .addHelpText("after", "\nExample:\n  interlock grants rollback 4 --dry-run")
    .action((version: number, options: ApplyOptions) =>
      apply(
        output,
        ({ admin }, dryRun) => {
          return admin.rollbackGrants({ version: BigInt(version), dryRun, force: options.force ?? false });
        },
        options,
      ),
    );
  return grants;
}

const strictHelp = "fail when anything in the file has no effect: change nothing, exit with 1";
const manifestHelp =
  "hold the file against these manifests. Default: every interlock.manifest.json in its folder and below";
const checksHelp =
  "\nThe file is held against the manifests in its folder, those that bots have reported, and the bots that have joined\n" +
  "or been invited: unknown services, scopes and bots, grants that the callers of a method exclude, and repetitions. A condition\n" +
  "(where) that does not fit the request of a method is an error: nothing is applied.";

interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly strict?: boolean;
  readonly force?: boolean;
}

interface FileOptions {
  readonly strict?: boolean;
  readonly manifest?: readonly string[];
}

type Change = (session: Session, dryRun: boolean) => Promise<ApplyGrantsResponse>;

async function read(path: string, { manifest }: FileOptions): Promise<GrantsFile> {
  const yaml = await readFile(path, "utf8").catch((cause) => {
    const problem = cause.code === "ENOENT" ? `There is no file ${path}` : `${path} cannot be read (${cause.code})`;
    throw new InterlockError("NOT_FOUND", `${problem}: name the grants file.`, { cause });
  });
  return { path, yaml, manifests: manifest };
}

function changeTo({ yaml }: GrantsFile, force = false): Change {
  return ({ admin }, dryRun) => admin.applyGrants({ yaml, dryRun, force });
}

async function apply(output: Output, change: Change, options: ApplyOptions, file?: GrantsFile): Promise<void> {
  const { dryRun = false, yes, strict = false } = options;
  await asMember(async (session) => {
    const planned = await change(session, true);
    const findings = file ? await checkGrants(session, file) : [];
    if (file) printFindings(output, file, findings);
    printGrantChanges(output, planned.changes);
    for (const warning of planned.warnings) output.line(paint("yellow", warning));
    const errors = findings.filter(({ id }) => stops(id));
    if (errors.length > 0 || (strict && findings.length > 0)) {
      output.exitCode = 1;
      return output.result({ ok: false, applied: false, ...planned, findings }, () => {
        const grants = findings.length === 1 ? "1 warning" : `${findings.length} warnings`;
        const why = errors.length > 0 ? "a condition cannot be used" : `${grants}, and --strict allows none`;
        output.line(`${paint("red", "Nothing was changed")}: ${why}.`);
      });
    }
    const ask = !yes && !output.json && process.stdin.isTTY && planned.changes.length > 0;
    if (dryRun || (ask && !(await confirm("Apply?")))) {
      return output.result({ ok: true, applied: false, ...planned, findings }, () =>
        output.line("Nothing was changed."),
      );
    }
    const applied = await change(session, false);
    output.result({ ok: true, applied: true, ...applied, findings }, () =>
      output.line(`Grants version ${applied.version} is in force.`),
    );
  });
}
