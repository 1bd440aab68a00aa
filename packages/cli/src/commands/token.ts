import { AuthorityService } from "@interlock/bot/protocol";
import { Command } from "commander";
import { fullServiceName } from "../call/find-service.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";

interface Options {
  readonly name?: string;
  readonly dir?: string;
  readonly manifest: string;
  readonly scope: readonly string[];
}

/** `interlock token`: issues an access token for a client in another language. */
export function tokenCommand(output: Output): Command {
  return new Command("token")
    .description(
      "Print an access token for one service, for a client in another language. It expires after ten minutes.",
    )
    .argument("<service>", "the service; the package may be omitted")
    .requiredOption("--scope <scope...>", "the requested scopes, for example gripper:observe")
    .option("--name <name>", "the bot that will use it. Default: this project's operator")
    .option("--manifest <file>", "the policies, as interlock generate wrote them", "src/gen/interlock.manifest.json")
    .option("--dir <folder>", "the folder of that bot's identity, if it is not in this project")
    .addHelpText(
      "after",
      "\nThe token is bound to that bot's certificate: it is refused over the connection of another bot.\n\n" +
        "Example:\n  interlock token GripperService --scope gripper:observe --name python/1",
    )
    .action(async (service: string, { scope, manifest, ...self }: Options) => {
      const audience = await fullServiceName(service, manifest);
      await asMember(async ({ bot, authority }) => {
        const issuer = bot.client(AuthorityService, authority);
        const { token, expiresAt, scopes } = await issuer.issueToken({ audience, scopes: scope });
        output.result({ ok: true, token, expiresAt, scopes }, () => output.line(token));
      }, self);
    });
}
