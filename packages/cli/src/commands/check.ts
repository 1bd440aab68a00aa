import { Command, Option } from "commander";
import { type Output, paint } from "../output.js";
import { parseWindow } from "./options.js";

interface Options {
  readonly protos: string;
  readonly against?: string;
  readonly grants: string;
  readonly offline?: boolean;
  readonly window?: number;
  readonly annotations?: "github" | "none";
}

/** `interlock check`: whether a change to proto files and grants may be merged. */
export function checkCommand(output: Output): Command {
  return new Command("check")
    .description("Judge a change to proto files and grants before it is merged; for continuous integration.")
    .option("--protos <folder>", "the folder of the proto files", "protos")
    .option("--against <revision>", "the base revision, for example origin/main. Default: judge this one alone")
    .option("--grants <file>", "the grants file", "grants.yaml")
    .option("--offline", "do not ask the authority; what only it knows is not judged, and does not count")
    .option("--window <duration>", "how far back a call makes a caller live. Default: 7d", parseWindow)
    .addOption(
      new Option(
        "--annotations <kind>",
        "annotations beside the lines of a change. Default: github in GitHub Actions",
      ).choices(["github", "none"]),
    )
    .addHelpText(
      "after",
      "\nThe exit code is 0 when the change may be merged, 1 when it may not, and 2 when that could not be judged, for example\n" +
        "because the authority is away.\n\nExample:\n  interlock check --against origin/main",
    )
    .action(async ({ protos, against, grants, offline = false, window, annotations }: Options) => {
      const { checkChange } = await import("../audit/check-change.js");
      const report = await checkChange({ protos, against, grants, offline, liveMs: window });
      const { findings, unjudged, reasons } = report;
      output.exitCode = findings.length > 0 ? 1 : unjudged.length > 0 ? 2 : 0;
      const isGithub = annotations === "github" || (annotations === undefined && process.env.GITHUB_ACTIONS === "true");
      if (isGithub && !output.json) {
        const { githubAnnotations } = await import("@interlock/audit");
        for (const line of githubAnnotations(findings)) output.line(line);
      }
      output.result({ ok: output.exitCode === 0, ...report }, () => {
        for (const { message, remedy, rule, place, evidence } of findings) {
          const at = place ? `${place.file}:${place.line}:${place.column}: ` : "";
          output.line(`${at}${paint("red", "error")} ${message} ${paint("dim", `[${rule}]`)}`);
          for (const fact of evidence) output.line(`  ${fact}`);
          output.line(`  ${remedy}`);
        }
        for (const clause of unjudged) output.line(`${paint("yellow", "not judged")} ${clause}`);
        for (const reason of reasons) output.line(`  ${reason}`);
        if (output.exitCode === 0) output.line(paint("green", "The change may be merged."));
      });
    });
}
