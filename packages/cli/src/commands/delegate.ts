import { InterlockError } from "@interlock/bot";
import { delegateScope } from "@interlock/bot/internal";
import { AuthorityService, type Delegation } from "@interlock/bot/protocol";
import { Command } from "commander";
import { fullServiceName } from "../call/find-service.js";
import { nameOf } from "../name-of.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { partText } from "./delegations.js";
import { parseSeconds } from "./options.js";

interface Options {
  readonly to: string;
  readonly scopes: readonly string[];
  readonly service?: readonly string[];
  readonly method?: readonly string[];
  readonly for?: number;
  readonly parent?: string;
  readonly mayDelegate?: boolean;
  readonly name?: string;
  readonly dir?: string;
  readonly manifest: string;
}

/** `interlock delegate`: gives a part of what a bot may do to another one, for a time. */
export function delegateCommand(output: Output): Command {
  return new Command("delegate")
    .description(
      "Give a part of what you may do to another bot, for a time. It can be narrowed only, and taken back at once.",
    )
    .requiredOption("--to <name>", "the bot that gets it, for example agent/7")
    .requiredOption(
      "--scopes <scope...>",
      "the scopes, for example gripper:observe; separated by spaces or commas",
      list,
    )
    .option("--service <service...>", "the services. Default: every one at which you may delegate the scopes", list)
    .option("--method <method...>", "the only methods, Service/Method. Default: every one that the scopes allow", list)
    .option("--for <duration>", "how long, such as 30m, at most 7d. Default: 1h", parseSeconds)
    .option("--parent <id>", "a delegation that you hold, of which it is a part. Default: your own grants")
    .option("--may-delegate", "let the holder pass a part of it on")
    .option("--name <name>", "delegate as this bot. Default: this project's operator")
    .option("--dir <folder>", "the folder of that bot's identity, if it is not in this project")
    .option("--manifest <file>", "the policies, as interlock generate wrote them", "src/gen/interlock.manifest.json")
    .addHelpText(
      "after",
      `\nYou need the scope ${delegateScope} at the service. To take it back, with all that hangs below it: interlock undelegate.\n\n` +
        "Example:\n  interlock delegate --to agent/7 --scopes gripper:observe --for 30m",
    )
    .action(async ({ name, dir, ...options }: Options) => {
      const services = await Promise.all((options.service ?? []).map((one) => fullServiceName(one, options.manifest)));
      const methods = await Promise.all((options.method ?? []).map((one) => fullMethodName(one, options.manifest)));
      await asMember(
        async ({ bot, authority }) => {
          const { delegation } = await bot.client(AuthorityService, authority).delegate({
            to: options.to,
            scopes: options.mayDelegate ? [...options.scopes, delegateScope] : [...options.scopes],
            services,
            methods,
            ttlSeconds: Math.ceil(options.for ?? 0),
            parent: options.parent ?? "",
          });
          if (!delegation) throw new InterlockError("INTERNAL", "The authority gave no delegation.");
          output.result({ ok: true, delegation }, () => print(output, delegation));
        },
        { name, dir },
      );
    });
}

function print(output: Output, { id, to, expiresAt, allowed }: Delegation): void {
  output.line(`${paint("green", "delegated")} to ${paint("bold", nameOf(to))} until ${expiresAt?.toISOString()}:`);
  for (const part of allowed) output.line(`  ${partText(part)}`);
  output.line(`Its id is ${paint("bold", id)}. To take it back: interlock undelegate ${id}`);
}

function list(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, ...text.split(",").filter(Boolean)];
}

async function fullMethodName(text: string, manifest: string): Promise<string> {
  const [service = "", method = ""] = text.split("/");
  return `${await fullServiceName(service, manifest)}/${method}`;
}
