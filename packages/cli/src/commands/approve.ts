import { InterlockError } from "@interlock/bot";
import { Command } from "commander";
import { allPages } from "../all-pages.js";
import { confirm } from "../confirm.js";
import { nameOf } from "../name-of.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { requestText } from "../request-text.js";
import { toPlain } from "./approvals.js";

interface Options {
  readonly deny?: boolean;
  readonly yes?: boolean;
  readonly protos: string;
  readonly manifest: string;
}

/** `interlock approve`: decides on one call. */
export function approveCommand(output: Output): Command {
  return new Command("approve")
    .description("Approve one call that waits for an operator, or deny it.")
    .argument("<id>", "the id of the approval, as interlock approvals lists it")
    .option("--deny", "deny it")
    .option("--yes", "do not ask for confirmation; without a terminal the command never asks")
    .option("--protos <folder>", "the proto files; they are read when only the manifest was copied", "protos")
    .option("--manifest <file>", "the policies, as interlock generate wrote them", "src/gen/interlock.manifest.json")
    .addHelpText(
      "after",
      "\nThe approval is for that call with that request, once.\n\nExample:\n  interlock approve apr-Kx0…",
    )
    .action((id: string, { deny = false, yes = false, ...project }: Options) =>
      asMember(async ({ admin }) => {
        const listed = await allPages(admin.listApprovals, (answer) => answer.approvals);
        const found = listed.find((one) => one.id === id);
        if (!found)
          throw new InterlockError("NOT_FOUND", `There is no approval ${id}: list them with "interlock approvals".`);
        output.line(
          `${nameOf(found.requester)} would call ${paint("bold", found.method)} for ${nameOf(found.subject)}:`,
        );
        output.line(`  ${await requestText(found, project, { whole: true })}`);
        const ask = !deny && !yes && !output.json && process.stdin.isTTY;
        if (ask && !(await confirm("Approve this call?"))) {
          throw new InterlockError("CANCELLED", "Nothing was decided.");
        }
        const { approval } = await admin.decideApproval({ id, approve: !deny });
        output.result({ ok: true, ...(approval && { approval: toPlain(approval) }) }, () => {
          output.line(deny ? paint("red", "denied") : paint("green", "approved"));
        });
      }),
    );
}
