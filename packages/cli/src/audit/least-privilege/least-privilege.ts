import { writeFile } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";
import { asMember } from "../../operator.js";
import { type Output, paint } from "../../output.js";
import { readFleet } from "../read-fleet.js";
import { readJoinTokens } from "../read-join-tokens.js";
import { readProjects } from "../read-project.js";
import { writeReport } from "../write-report.js";
import { applyCandidate, rollBack } from "./apply-candidate.js";
import { type Candidate, diffOf, jsonOf, makeCandidate, readSource } from "./candidate.js";
import type { LeastPrivilegeOptions } from "./options.js";
import { printProposal, printReplay } from "./print-proposal.js";

/** Carries out `interlock least-privilege`. */
export async function leastPrivilege(output: Output, options: LeastPrivilegeOptions): Promise<void> {
  await asMember(async (session) => {
    if (options.rollback) return rollBack(output, session, options);
    const [project, fleet, joinTokens, source] = await Promise.all([
      readProjects(options.project),
      readFleet(session),
      readJoinTokens(session.admin),
      readSource(session, options),
    ]);
    const candidate = makeCandidate({ now: Date.now(), project, fleet, joinTokens }, source, options);
    if (options.apply) return applyCandidate(output, session, candidate, options);
    if (options.dryRun) return tryCandidate(output, candidate, options);
    return propose(output, candidate, options);
  });
}

/** Shows which recorded calls would have been refused; with exit code 1 when there is one. */
function tryCandidate(output: Output, candidate: Candidate, { all }: LeastPrivilegeOptions): void {
  const { proposal, replay } = candidate;
  const ok = replay.refused.length === 0;
  if (!ok) output.exitCode = 1;
  output.result({ ok, ...jsonOf(candidate) }, () => {
    if (proposal) printProposal(output, proposal, all);
    printReplay(output, replay);
  });
}

/** Shows the proposal as a diff, or writes it as a patch or into the file. */
async function propose(output: Output, candidate: Candidate, options: LeastPrivilegeOptions): Promise<void> {
  const { source, proposal, yaml, replay, drift } = candidate;
  const { patch, write = false } = options;
  const { path } = source;
  if (write && path === undefined) {
    const how = 'write one with "interlock grants show > grants.yaml"';
    throw new InterlockError("NOT_FOUND", `There is no grants.yaml here: ${how}.`);
  }
  const diff = diffOf(candidate);
  const isPatched = patch !== undefined && diff !== "";
  if (isPatched) await writeReport(patch, diff);
  if (write && path !== undefined && diff !== "") await writeFile(path, yaml);
  output.result(
    { ok: true, ...jsonOf(candidate), diff, patch: isPatched ? patch : undefined, written: write && diff !== "" },
    () => {
      if (proposal) printProposal(output, proposal, options.all);
      if (diff !== "" && patch === undefined && !write) printDiff(output, diff);
      output.line();
      printReplay(output, replay);
      if (drift > 0)
        output.line(`${path} differs from the grants in force in ${drift}; what is not in force is not judged.`);
      if (isPatched) output.line(`The patch is in ${patch}. To use it: git apply ${patch}`);
      if (write && diff !== "") output.line(`${path} is changed. To apply it: interlock grants apply ${path}`);
    },
  );
}

function printDiff(output: Output, diff: string): void {
  output.line();
  for (const line of diff.trimEnd().split("\n")) {
    const color = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : undefined;
    output.line(color ? paint(color, line) : line);
  }
}
