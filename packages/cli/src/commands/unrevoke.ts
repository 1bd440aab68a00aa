import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { readSubject, type SubjectOptions, withSubject } from "../subject.js";

/** `interlock unrevoke`: ends a revocation. */
export function unrevokeCommand(output: Output): Command {
  return withSubject(new Command("unrevoke"))
    .description("End a revocation. Name its subject as it was revoked.")
    .addHelpText("after", "\nExample:\n  interlock unrevoke gripper/1")
    .action((name: string | undefined, options: SubjectOptions) =>
      asMember(async ({ admin, bot }) => {
        const subject = readSubject(bot.spiffeId.trustDomain, name, options);
        const { trustVersion } = await admin.unrevoke({ subject });
        const unrevoked = { kind: subject.$case, subject: subject.value };
        output.result({ ok: true, unrevoked, trustVersion }, () =>
          output.line(`${paint("green", "unrevoked")} ${subject.value}, trust version ${trustVersion}`),
        );
      }),
    );
}
