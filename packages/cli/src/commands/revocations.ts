import type { Revocation } from "@interlock/bot/protocol";
import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { type SubjectOptions, subjectOf, withSubject } from "../subject.js";
import { lockingCommand } from "./revoke.js";

/** `interlock locks`: who and what is shut out. */
export function locksCommand(output: Output): Command {
  const locks = new Command("locks").description("Who and what is locked out.");
  locks
    .command("list")
    .description("List what is locked out now, the latest first.")
    .addHelpText("after", "\nExample:\n  interlock locks list")
    .action(() =>
      asMember(async ({ admin }) => {
        const found = await admin.listLocks({});
        const rows = found.locks.map(toPlain);
        output.result({ ok: true, locks: rows }, () => {
          output.table(
            ["KIND", "SUBJECT", "SINCE", "REASON"],
            rows.map(({ kind, value, since, reason }) => [kind, value, since, reason]),
          );
        });
      }),
    );
  lockingCommand(locks.command("add"), output).addHelpText(
    "after",
    "\nExample:\n  interlock locks add 'worker/*' --reason \"recalled\"",
  );
  withSubject(locks.command("remove"))
    .description("Take a lock off: what it shut out is let in again.")
    .addHelpText("after", "\nExample:\n  interlock locks remove 'worker/*'")
    .action((name: string | undefined, options: SubjectOptions) =>
      asMember(async ({ admin, bot }) => {
        const subject = subjectOf(bot.spiffeId.trustDomain, name, options);
        const { trustVersion } = await admin.unlock({ subject });
        output.result({ ok: true, unlocked: { kind: subject.$case, value: subject.value }, trustVersion }, () =>
          output.line(`${paint("green", "unlocked")} ${subject.value}, trust version ${trustVersion}`),
        );
      }),
    );
  return locks;
}

function toPlain({ subject, revokedAt, reason }: Revocation) {
  return {
    kind: subject?.$case ?? "",
    value: subject?.value ?? "",
    since: revokedAt?.toISOString() ?? "",
    reason,
  };
}
