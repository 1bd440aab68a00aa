import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { type SubjectOptions, subjectOf, withSubject } from "../subject.js";

/** `interlock revoke`: shuts something out, at once. */
export function revokeCommand(output: Output): Command {
  return lockingCommand(new Command("revoke"), output).addHelpText(
    "after",
    '\nTo let it in again: interlock locks remove.\n\nExample:\n  interlock revoke gripper/1 --reason "stolen laptop"',
  );
}

/** Makes of `command` one that locks out what it is given. */
export function lockingCommand(command: Command, output: Output): Command {
  return withSubject(command)
    .description("Lock out a bot, a pattern, a certificate or a token: open streams and connections end at once.")
    .option("--reason <text>", "why, for the record", "revoked by an operator")
    .action((name: string | undefined, options: SubjectOptions & { readonly reason: string }) =>
      asMember(async ({ admin, bot }) => {
        const subject = subjectOf(bot.spiffeId.trustDomain, name, options);
        const { revocation, trustVersion, bots } = await admin.revoke({ subject, reason: options.reason });
        const what = { kind: subject.$case, value: subject.value };
        output.result({ ok: true, revoked: what, at: revocation?.revokedAt, trustVersion, bots }, () => {
          output.line(`${paint("red", "revoked")} ${subject.value}, trust version ${trustVersion}`);
          if (bots > 0 || subject.$case === "tokenId") return;
          output.line('No bot on record has it: is that what you meant? See "interlock bots list".');
        });
      }),
    );
}
