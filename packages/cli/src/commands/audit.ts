import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AuditReport, KeptRun, Severity } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { Command, Option } from "commander";
import { writeReport } from "../audit/write-report.js";
import type { Output } from "../output.js";
import { stateRoot } from "../state-root.js";
import { version } from "../version.js";
import { type SourceOptions, withSources } from "./inventory-options.js";
import { parseTime } from "./options.js";

interface Options extends SourceOptions {
  readonly scan?: readonly string[];
  readonly failOn?: Severity;
  readonly decisions?: string;
  readonly baseline?: string;
  readonly writeBaseline?: boolean;
  readonly sarif?: string;
  readonly html?: string;
  readonly keep?: boolean;
  readonly since?: string | Date;
  readonly results?: string;
}

const keptFolder = join(stateRoot, "audits");
const levels: readonly Severity[] = ["info", "low", "medium", "high", "critical"];

/** `interlock audit`: what is wrong with the fleet, and what to do about it. */
export function auditCommand(output: Output): Command {
  return withSources(new Command("audit"))
    .description("Judge the fleet by every rule: its proto files, grants, endpoints, log, and a scan of its ports.")
    .option("--scan <target...>", 'scan these targets first, as "interlock scan" does')
    .addOption(new Option("--fail-on <severity>", "exit with 1 when a finding is at least so severe").choices(levels))
    .option("--decisions <file>", "suppressions. Default: interlock.audit.yaml, if it is there")
    .option("--baseline <file>", "findings in it are known: --fail-on fails on others only")
    .option("--write-baseline", "write the findings of this run to the baseline")
    .option("--sarif <file>", "write a SARIF 2.1.0 file, for code scanning")
    .option("--html <file>", "write one self-contained HTML page")
    .option("--keep", "with --offline: keep the result, one a day, for --since --offline")
    .option(
      "--since <time>",
      "what was mended, what is new, what to retire since then, by the authority's daily audits: last-quarter, last-month, or as 90d",
      parseSince,
    )
    .option("--results <folder>", "with --offline: the folder of the kept results. Default: .interlock/audits")
    .addHelpText(
      "after",
      "\nThe rules are listed in docs/rules.md.\n\nExample:\n  interlock audit --fail-on high --baseline audit.baseline.json --html audit.html",
    )
    .action(async (options: Options, command: Command) => {
      if (options.writeBaseline && options.baseline === undefined)
        throw new InterlockError("INVALID_ARGUMENT", "Name the file to write with --baseline.");
      if (!options.offline && (options.keep || options.results !== undefined))
        throw new InterlockError(
          "INVALID_ARGUMENT",
          "--keep and --results need --offline: the authority audits daily and keeps the results itself.",
        );
      const report = await judge(output, options, command);
      if (options.since !== undefined) return showCleanUp(output, report, options.since, options);
      const { failsAt, toKeptRun, writeBaseline } = await import("@interlock/audit");
      const written = await writeReports(report, options);
      if (options.writeBaseline && options.baseline !== undefined) {
        await writeReport(options.baseline, writeBaseline(report.findings));
        written.push(options.baseline);
      }
      if (options.keep) {
        const { keepRun } = await import("../audit/kept-runs.js");
        written.push(await keepRun(options.results ?? keptFolder, toKeptRun(report)));
      }
      const fails = options.failOn !== undefined && !options.writeBaseline && failsAt(report, options.failOn);
      if (fails) output.exitCode = 1;
      const { printReport } = await import("../audit/print-report.js");
      output.result({ ok: !fails, ...report, written }, () => {
        printReport(output, report);
        if (written.length > 0) output.line(`Written: ${written.join(", ")}`);
      });
    });
}

/** Reads the beginning of a period: its name, or a time. */
function parseSince(text: string): string | Date {
  return /^last-(quarter|month)$/.test(text) ? text : parseTime(text);
}

/** Shows what has become of the findings since a time. */
async function showCleanUp(
  output: Output,
  report: AuditReport,
  since: string | Date,
  { results = keptFolder, html, offline }: Options,
): Promise<void> {
  const { cleanUp, cleanUpPage, periodStart } = await import("@interlock/audit");
  const start = typeof since === "string" ? (periodStart(since, report.at) ?? 0) : since.getTime();
  const runs = offline ? await readFiles(results) : await readFromAuthority(start);
  const result = cleanUp(runs, report, start);
  if (html !== undefined) await writeReport(html, cleanUpPage(result));
  const { printCleanUp } = await import("../audit/print-clean-up.js");
  output.result({ ok: true, ...result }, () => {
    printCleanUp(output, result);
    if (html !== undefined) output.line(`Written: ${html}`);
  });
}

/** Reads the results that were kept by --keep. */
async function readFiles(folder: string): Promise<KeptRun[]> {
  const { readKeptRuns } = await import("../audit/kept-runs.js");
  return readKeptRuns(folder);
}

/** Reads the results of the authority's daily audits. */
async function readFromAuthority(start: number): Promise<KeptRun[]> {
  const [{ asMember }, { readAuditRuns }] = await Promise.all([
    import("../operator.js"),
    import("../audit/read-audit-runs.js"),
  ]);
  return asMember(({ admin }) => readAuditRuns(admin, start));
}

async function judge(output: Output, options: Options, command: Command): Promise<AuditReport> {
  const { defaultWindowMs, runAudit } = await import("@interlock/audit");
  const { readInputs } = await import("../audit/read-inputs.js");
  const { readAuditFile, readBaseline } = await import("../audit/read-decisions.js");
  const { scanTargets } = await import("./scan.js");
  const { readScanFile } = await import("../audit/read-scan-file.js");
  const { project: projects = ["."], grants, offline = false, scanFile, window: windowMs = defaultWindowMs } = options;
  const { suppressions } = await readAuditFile(options.decisions);
  const { baseline } = options;
  const known = baseline !== undefined && !options.writeBaseline ? await readBaseline(baseline) : undefined;
  const scan =
    options.scan !== undefined
      ? (await scanTargets(output, options.scan, { strangerOnly: offline, project: projects }, command)).scan
      : scanFile === undefined
        ? undefined
        : await readScanFile(scanFile);
  const inputs = await readInputs({ projects, grants, asksAuthority: !offline, windowMs });
  return runAudit({ ...inputs, scan }, { suppressions, baseline: known });
}

async function writeReports(report: AuditReport, { sarif, html, baseline }: Options): Promise<string[]> {
  const { auditPage, toSarif } = await import("@interlock/audit");
  const written: string[] = [];
  if (sarif !== undefined) {
    const options = { version, fallback: fallbackFile(), hasBaseline: baseline !== undefined };
    await writeReport(sarif, `${JSON.stringify(toSarif(report, options), undefined, 2)}\n`);
    written.push(sarif);
  }
  if (html !== undefined) {
    await writeReport(html, auditPage(report));
    written.push(html);
  }
  return written;
}

/** The file to which a finding without a place is anchored in SARIF. */
function fallbackFile(): string {
  const candidates = ["grants.yaml", "interlock.audit.yaml", "buf.yaml", "package.json"];
  return candidates.find((file) => existsSync(file)) ?? "grants.yaml";
}
