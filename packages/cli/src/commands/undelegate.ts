import { InterlockError, type Reason } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { Command } from "commander";
import { asMember, type Session } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";

/** `interlock undelegate`: ends a delegation, with all that hangs below it. */
export function undelegateCommand(output: Output): Command {
  return new Command("undelegate")
    .description("Take back what was delegated, with all that hangs below it: calls under it end at once.")
    .argument("<id>", "the id of the delegation, as interlock delegations lists it")
    .option(
      "--name <name>",
      "as this bot, which gave it, has it above it, or holds it. Default: this project's operator",
    )
    .option("--dir <folder>", "the folder of that bot's identity, if it is not in this project")
    .addHelpText("after", "\nAn operator can end any delegation.\n\nExample:\n  interlock undelegate dlg-Kx0…")
    .action((id: string, self: { readonly name?: string; readonly dir?: string }) =>
      asMember(async (session) => {
        const trustVersion = await end(session, id);
        output.result({ ok: true, id, trustVersion }, () => {
          output.line(`${paint("red", "ended")} ${id} and all that hangs below it, trust version ${trustVersion}`);
        });
      }, self),
    );
}

/** Ends it as a bot that is in it; otherwise as an operator. */
async function end({ bot, authority, admin }: Session, id: string): Promise<bigint> {
  try {
    return (await bot.client(AuthorityService, authority).revokeDelegation({ id })).trustVersion;
  } catch (thrown) {
    const isOperator = bot.name.startsWith("operator/");
    if (InterlockError.from(thrown).reason !== ("DELEGATION_NOT_HELD" satisfies Reason) || !isOperator) throw thrown;
  }
  const subject = { $case: "token", value: id } as const;
  return (await admin.revoke({ subject, reason: "taken back by an operator" })).trustVersion;
}
