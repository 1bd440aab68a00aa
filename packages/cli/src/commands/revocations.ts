import type { Revocation } from "@interlock/bot/protocol";
import { Command } from "commander";
import { allPages } from "../all-pages.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";

/** `interlock revocations`: lists the revocations in force. */
export function revocationsCommand(output: Output): Command {
  return new Command("revocations")
    .description("List the revocations in force, the latest first.")
    .addHelpText("after", "\nTo end one: interlock unrevoke.\n\nExample:\n  interlock revocations")
    .action(() =>
      asMember(async ({ admin }) => {
        const revocations = (await allPages(admin.listRevocations, (answer) => answer.revocations)).map(toPlain);
        output.result({ ok: true, revocations }, () => {
          output.table(
            ["KIND", "SUBJECT", "REVOKED", "REASON"],
            revocations.map(({ kind, subject, revokedAt, reason }) => [kind, subject, revokedAt, reason]),
          );
        });
      }),
    );
}

function toPlain({ subject, revokedAt, reason }: Revocation) {
  return {
    kind: subject?.$case ?? "",
    subject: subject?.value ?? "",
    revokedAt: revokedAt?.toISOString() ?? "",
    reason,
  };
}
