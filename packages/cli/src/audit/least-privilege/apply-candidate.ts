import { writeFile } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";
import { diffGrants, parseGrants } from "@interlock/policy/grants";
import { confirm } from "../../confirm.js";
import type { Session } from "../../operator.js";
import { type Output, paint } from "../../output.js";
import { printGrantChanges } from "../../print-grant-changes.js";
import { type Candidate, jsonOf } from "./candidate.js";
import type { LeastPrivilegeOptions } from "./options.js";
import { printProposal, printReplay } from "./print-proposal.js";

/** Applies a candidate, unless recorded calls would have been refused. Shows the difference, and asks. */
export async function applyCandidate(
  output: Output,
  { admin }: Session,
  candidate: Candidate,
  options: LeastPrivilegeOptions,
): Promise<void> {
  const { source, yaml, replay, proposal, drift, inForce } = candidate;
  const { path } = source;
  const value = jsonOf(candidate);
  const nothing = (ok: boolean, text: string) => {
    if (!ok) output.exitCode = 1;
    output.result({ ok, applied: false, ...value }, () => output.line(text));
  };
  if (proposal && drift > 0) {
    throw new InterlockError(
      "FAILED_PRECONDITION",
      `${path} differs from the grants in force in ${drift}: run "interlock grants apply ${path}" first, or bring it up to ` +
        `date with "interlock grants show > ${path}".`,
    );
  }
  if (proposal) printProposal(output, proposal, options.all);
  printReplay(output, replay);
  if (diffGrants(source.grants, parseGrants(yaml)).length + drift === 0) return nothing(true, "Nothing was changed.");
  if (!options.force && replay.refused.length + replay.unknown.length > 0) {
    const why = "recorded calls would be refused, or cannot be judged; with --force the grants are applied anyway";
    return nothing(false, `${paint("red", "Nothing was changed")}: ${why}.`);
  }
  const planned = await admin.applyGrants({ yaml, dryRun: true });
  printGrantChanges(output, planned.changes);
  if (mayAsk(output, options) && !(await confirm("Apply?"))) return nothing(true, "Nothing was changed.");
  const { version, changes } = await admin.applyGrants({ yaml, replaces: BigInt(inForce) });
  if (options.write && path !== undefined) await writeFile(path, yaml);
  output.result({ ok: true, applied: true, version, before: inForce, changes, ...value }, () => {
    output.line(`Grants version ${version} is in force.`);
    output.line(`To go back: interlock grants rollback ${inForce}`);
    if (proposal && path !== undefined && !options.write)
      output.line(`${path} is as it was: bring it up to date with "interlock grants show > ${path}".`);
  });
}

/** Applies the version of the grants before the one in force again. Shows the difference, and asks. */
export async function rollBack(output: Output, { admin }: Session, options: LeastPrivilegeOptions): Promise<void> {
  const { version: current } = await admin.getGrants({});
  const version = current - 1n;
  if (version < 1n)
    throw new InterlockError("FAILED_PRECONDITION", "There is no version of the grants before the one in force.");
  const planned = await admin.rollbackGrants({ version, dryRun: true });
  printGrantChanges(output, planned.changes);
  if (mayAsk(output, options) && planned.changes.length > 0 && !(await confirm(`Apply version ${version} again?`)))
    return output.result({ ok: true, applied: false, ...planned }, () => output.line("Nothing was changed."));
  const applied = await admin.rollbackGrants({ version });
  output.result({ ok: true, applied: true, ...applied }, () =>
    output.line(`Grants version ${applied.version} is in force, with the content of version ${version}.`),
  );
}

function mayAsk(output: Output, { yes }: LeastPrivilegeOptions): boolean {
  return !yes && !output.json && process.stdin.isTTY;
}
