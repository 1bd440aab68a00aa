import { type Approval, ApprovalState } from "@interlock/bot/protocol";
import { Command } from "commander";
import { allPages } from "../all-pages.js";
import { nameOf } from "../name-of.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { requestText } from "../request-text.js";

/** `interlock approvals`: lists the calls that wait for an operator. */
export function approvalsCommand(output: Output): Command {
  return new Command("approvals")
    .description("List the calls that wait for an operator, the latest first.")
    .option("--all", "those that were decided in the last minutes, too")
    .option("--protos <folder>", "the proto files; they are read when only the manifest was copied", "protos")
    .option("--manifest <file>", "the policies, as interlock generate wrote them", "src/gen/interlock.manifest.json")
    .addHelpText("after", "\nTo decide: interlock approve.\n\nExample:\n  interlock approvals")
    .action(({ all, ...project }: { readonly all?: boolean; readonly protos: string; readonly manifest: string }) =>
      asMember(async ({ admin }) => {
        const listed = await allPages(admin.listApprovals, (answer) => answer.approvals);
        const wanted = listed.filter(({ state }) => all || state === ApprovalState.APPROVAL_STATE_WAITING);
        const approvals = await Promise.all(
          wanted.map(async (one) => ({ ...toPlain(one), request: await requestText(one, project) })),
        );
        output.result({ ok: true, approvals }, () => {
          output.table(
            ["ID", "BY", "FOR", "METHOD", "REQUEST", "UNTIL", "STATE"],
            approvals.map(({ id, by, for: subject, method, request, until, state }) => {
              return [id, nameOf(by), nameOf(subject), method, request, until, state];
            }),
          );
        });
      }),
    );
}

const states: ReadonlyMap<ApprovalState, string> = new Map([
  [ApprovalState.APPROVAL_STATE_WAITING, "waiting"],
  [ApprovalState.APPROVAL_STATE_APPROVED, "approved"],
  [ApprovalState.APPROVAL_STATE_DENIED, "denied"],
  [ApprovalState.APPROVAL_STATE_USED, "used"],
]);

/** An approval for programs. */
export function toPlain({
  id,
  requester,
  subject,
  delegation,
  method,
  requestSha256,
  expiresAt,
  state,
  decidedBy,
}: Approval) {
  return {
    id,
    by: requester,
    for: subject,
    delegation,
    method,
    requestSha256,
    until: expiresAt?.toISOString() ?? "",
    state: states.get(state) ?? "",
    decidedBy,
  };
}
