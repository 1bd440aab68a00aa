import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { parseCount, parseSeconds } from "./options.js";

/** `interlock invite`: creates a join token. */
export function inviteCommand(output: Output): Command {
  return new Command("invite")
    .description("Create a single-use join token for one bot; with --uses, for several bots under names of their own.")
    .argument("<name>", "the bot's name, for example gripper/1; or a pattern, for example 'worker/*'")
    .option("--ttl <seconds>", "the lifetime of the token in seconds", parseSeconds, 900)
    .option("--uses <count>", "the number of uses", parseCount, 1)
    .addHelpText("after", "\nExample:\n  interlock invite gripper/1 --ttl 600\n  interlock invite --uses 10 'worker/*'")
    .action(async (name: string, { ttl, uses }: { ttl: number; uses: number }) => {
      await asMember(async ({ admin, authority }) => {
        const { joinToken, id, expiresAt } = await admin.createJoinToken({ name, ttlSeconds: ttl, uses });
        const line = joinLine(authority, name, joinToken);
        output.result({ ok: true, id, name, uses, authority, joinToken, expiresAt, line }, () => {
          output.line(`Run this join command where ${name} runs, before ${expiresAt?.toLocaleTimeString()}:`);
          output.line(`  ${line}`);
          output.line(`Or start the bot with INTERLOCK_JOIN_TOKEN=${joinToken}`);
        });
      });
    });
}

/** Returns the join command for a bot; in a pattern, the machine's host name replaces the wildcard. */
export function joinLine(authority: string, name: string, joinToken: string): string {
  const chosen = name.includes("*") ? `"${name.replace(/\*\*?/g, "$(hostname)")}"` : name;
  // The full package name: under a shorter one, npx might fetch a foreign package and pass it the token.
  return `npx @interlock/cli join --authority ${authority} --name ${chosen} --token ${joinToken}`;
}
