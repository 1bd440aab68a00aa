import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { readSubject, type SubjectOptions, withSubject } from "../subject.js";

/** `interlock revoke`: revokes a bot, a pattern, a certificate or a token. */
export function revokeCommand(output: Output): Command {
  return withSubject(new Command("revoke"))
    .description("Revoke a bot, a pattern, a certificate or a token: open streams and connections end at once.")
    .option("--reason <text>", "the reason, for the record", "revoked by an operator")
    .option("--force", "revoke yourself, or the last operator that could undo it")
    .addHelpText(
      "after",
      "\nTo end a revocation: interlock unrevoke. To list revocations: interlock revocations.\n\n" +
        'Example:\n  interlock revoke gripper/1 --reason "stolen laptop"',
    )
    .action(
      (name: string | undefined, options: SubjectOptions & { readonly reason: string; readonly force?: boolean }) =>
        asMember(async ({ admin, bot }) => {
          const subject = readSubject(bot.spiffeId.trustDomain, name, options);
          const { revocation, trustVersion, bots } = await admin.revoke({
            subject,
            reason: options.reason,
            force: options.force ?? false,
          });
          const revoked = { kind: subject.$case, subject: subject.value };
          output.result({ ok: true, revoked, revokedAt: revocation?.revokedAt, trustVersion, bots }, () => {
            output.line(`${paint("red", "revoked")} ${subject.value}, trust version ${trustVersion}`);
            if (bots > 0 || subject.$case === "token") return;
            output.line('No bot on record matches it. Check the name with "interlock bots list".');
          });
        }),
    );
}
