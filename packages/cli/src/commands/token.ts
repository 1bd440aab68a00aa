import { AuthorityService } from "@interlock/bot/protocol";
import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";

interface Options {
  readonly name?: string;
  readonly dir?: string;
  readonly scope: readonly string[];
}

/** `interlock token`: an access token for a client in another language. */
export function tokenCommand(output: Output): Command {
  return new Command("token")
    .description("Print an access token for one service, for a client in another language; it lives five minutes.")
    .argument("<service>", "the service's full name, for example cafe.gripper.v1.GripperService")
    .requiredOption("--scope <scope...>", "the scopes wanted, for example gripper:observe")
    .option("--name <name>", "the bot that will show it; this project's operator unless said")
    .option("--dir <folder>", "where that bot's identity is kept, if not here")
    .addHelpText(
      "after",
      "\nIt is bound to that bot's certificate, and of no use over another's connection.\n\n" +
        "Example:\n  interlock token cafe.gripper.v1.GripperService --scope gripper:observe --name python/1",
    )
    .action((service: string, { scope, ...self }: Options) =>
      asMember(async ({ bot, authority }) => {
        const issuer = bot.client(AuthorityService, authority);
        const { token, expiresAt, scopes } = await issuer.issueToken({ audience: service, scopes: scope });
        output.result({ ok: true, token, expiresAt, scopes }, () => output.line(token));
      }, self),
    );
}
