import { Command } from "commander";
import type { LeastPrivilegeOptions } from "../audit/least-privilege/options.js";
import type { Output } from "../output.js";
import { parseWindow } from "./options.js";

/** `interlock least-privilege`: the grants that no bot needs, and a grants file without them. */
export function leastPrivilegeCommand(output: Output): Command {
  return new Command("least-privilege")
    .description("Propose tighter grants from what bots have used, try them on the recorded calls, and apply them.")
    .option("--window <duration>", 'how far back calls count: 30d, 12h, or "all". Default: 30d', parsePeriod)
    .option("--project <folder...>", "the folders with the proto files. Default: this one")
    .option(
      "--grants <file>",
      "the grants file: the one to change, or with --dry-run and --apply the one to try as it is. Default: grants.yaml, or the grants in force",
    )
    .option("--include-operators", "judge the grants of operator/**, too")
    .option("--keep-wildcards", "replace no pattern by the names of the bots that used it")
    .option("--all", "list every grant with its judgment")
    .option("--patch <file>", 'write the change as a patch for "git apply"')
    .option("--write", "change the grants file in place")
    .option("--dry-run", "show which recorded calls the tighter grants, or --grants, would have refused")
    .option("--apply", "apply the tighter grants, or --grants. Shows the difference first")
    .option("--rollback", "apply the version of the grants before the one in force. Shows the difference first")
    .option("--yes", "do not ask for confirmation; without a terminal the command never asks")
    .option("--force", "apply even if recorded calls would have been refused")
    .addHelpText(
      "after",
      "\nA grant is unused only where every server of the service has counted and reported all along; otherwise it is unknown,\n" +
        "and stays. With --dry-run the exit code is 1 when a call would have been refused.\n\n" +
        "Example:\n  interlock least-privilege --patch tighter.patch\n" +
        "  interlock least-privilege --dry-run --grants grants.yaml\n  interlock least-privilege --apply",
    )
    .action(async (options: LeastPrivilegeOptions, command: Command) => {
      const modes = [options.dryRun, options.apply, options.rollback].filter(Boolean).length;
      if (modes > 1) command.error("error: choose one of --dry-run, --apply and --rollback");
      const { leastPrivilege } = await import("../audit/least-privilege/least-privilege.js");
      await leastPrivilege(output, options);
    });
}

function parsePeriod(text: string): number | "all" {
  return text === "all" ? text : parseWindow(text);
}
