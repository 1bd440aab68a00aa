import { InterlockError } from "@interlock/bot";
import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";

interface Options {
  readonly certificate?: string;
  readonly token?: string;
  readonly reason: string;
}

/** `interlock revoke`: shuts something out, at once. */
export function revokeCommand(output: Output): Command {
  return new Command("revoke")
    .description("Shut out a bot, a certificate or a token: its open streams and connections end at once.")
    .argument("[name]", "the bot's name, for example gripper/1")
    .option("--certificate <serial>", "a certificate instead, by its serial number in hex")
    .option("--token <jti>", "a token instead, by its jti")
    .option("--reason <text>", "why, for the record", "revoked by an operator")
    .addHelpText("after", '\nExample:\n  interlock revoke gripper/1 --reason "stolen laptop"')
    .action((name: string | undefined, { certificate, token, reason }: Options) =>
      asMember(async ({ admin, bot }) => {
        const subject = subjectOf(bot.spiffeId.trustDomain, name, certificate, token);
        const { revocation, trustVersion } = await admin.revoke({ subject, reason });
        const what = { kind: subject.$case, value: subject.value };
        output.result({ ok: true, revoked: what, at: revocation?.revokedAt, trustVersion }, () =>
          output.line(`${paint("red", "revoked")} ${subject.value}, trust version ${trustVersion}`),
        );
      }),
    );
}

function subjectOf(trustDomain: string, name?: string, certificate?: string, token?: string) {
  if ([name, certificate, token].filter((given) => given !== undefined).length !== 1) {
    throw new InterlockError("INVALID_ARGUMENT", "Say what to revoke: a bot's name, --certificate, or --token.");
  }
  if (certificate !== undefined) return { $case: "certificateSerial", value: certificate.toLowerCase() } as const;
  if (token !== undefined) return { $case: "tokenId", value: token } as const;
  const value = name?.startsWith("spiffe://") ? name : `spiffe://${trustDomain}/${name}`;
  return { $case: "spiffeId", value } as const;
}
