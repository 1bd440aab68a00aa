import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { parseCount, parseSeconds } from "./options.js";

/** `interlock invite`: makes a join token. */
export function inviteCommand(output: Output): Command {
  return new Command("invite")
    .description("Make a join token, with which one bot can join once; or several, each under its own name.")
    .argument("<name>", "the bot's name, for example gripper/1; or a pattern, for example 'worker/*'")
    .option("--ttl <seconds>", "how long it may be used", parseSeconds, 900)
    .option("--uses <count>", "how many times it may be used", parseCount, 1)
    .addHelpText("after", "\nExample:\n  interlock invite gripper/1 --ttl 600\n  interlock invite --uses 10 'worker/*'")
    .action(async (name: string, { ttl, uses }: { ttl: number; uses: number }) => {
      await asMember(async ({ admin, authority }) => {
        const { joinToken, id, expiresAt } = await admin.createJoinToken({ name, ttlSeconds: ttl, uses });
        const line = joinLine(authority, name, joinToken);
        output.result({ ok: true, id, name, uses, authority, joinToken, expiresAt, line }, () => {
          output.line(`Paste this where ${name} runs, before ${expiresAt?.toLocaleTimeString()}:`);
          output.line(`  ${line}`);
          output.line(`Or start the bot with INTERLOCK_JOIN_TOKEN=${joinToken}`);
        });
      });
    });
}

/** The line with which the bot called `name` joins; where that is a pattern, its machine's name fills it in. */
export function joinLine(authority: string, name: string, joinToken: string): string {
  const chosen = name.includes("*") ? `"${name.replace(/\*\*?/g, "$(hostname)")}"` : name;
  // By its full name: npx would fetch whatever the registry has under a shorter one, and hand it the token.
  return `npx @interlock/cli join --authority ${authority} --name ${chosen} --token ${joinToken}`;
}
