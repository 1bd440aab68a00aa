import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { parseSeconds } from "./options.js";

/** `interlock invite`: makes a join token. */
export function inviteCommand(output: Output): Command {
  return new Command("invite")
    .description("Make a join token, with which one bot can join once.")
    .argument("<name>", "the bot's name, for example gripper/1")
    .option("--ttl <seconds>", "how long it may be used", parseSeconds, 900)
    .addHelpText("after", "\nExample:\n  interlock invite gripper/1 --ttl 600")
    .action(async (name: string, { ttl }: { ttl: number }) => {
      await asMember(async ({ admin, authority }) => {
        const { joinToken, expiresAt } = await admin.createJoinToken({ name, ttlSeconds: ttl });
        const line = joinLine(authority, name, joinToken);
        output.result({ ok: true, name, authority, joinToken, expiresAt, line }, () => {
          output.line(`Paste this where ${name} runs, before ${expiresAt?.toLocaleTimeString()}:`);
          output.line(`  ${line}`);
          output.line(`Or start the bot with INTERLOCK_JOIN_TOKEN=${joinToken}`);
        });
      });
    });
}

/** The line with which the bot called `name` joins. */
export function joinLine(authority: string, name: string, joinToken: string): string {
  // By its full name: npx would fetch whatever the registry has under a shorter one, and hand it the token.
  return `npx @interlock/cli join --authority ${authority} --name ${name} --token ${joinToken}`;
}
