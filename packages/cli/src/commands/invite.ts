import { isLoopback, readAddress } from "@interlock/bot/internal";
import { Command } from "commander";
import { asMember } from "../operator.js";
import { type Output, paint } from "../output.js";
import { parseCount, parseSeconds } from "./options.js";

/** `interlock invite`: creates a join token. */
export function inviteCommand(output: Output): Command {
  return new Command("invite")
    .description("Create a single-use join token for one bot; with --uses, for several bots under names of their own.")
    .argument("<name>", "the bot's name, for example gripper/1; or a pattern, for example 'worker/*'")
    .option("--ttl <duration>", "how long the token can be used, such as 10m. Default: 15m", parseSeconds)
    .option("--uses <count>", "the number of uses", parseCount, 1)
    .addHelpText("after", "\nExample:\n  interlock invite gripper/1 --ttl 10m\n  interlock invite --uses 10 'worker/*'")
    .action(async (name: string, { ttl = 900, uses }: { ttl?: number; uses: number }) => {
      await asMember(async ({ admin, authority: here }) => {
        const created = await admin.createJoinToken({ name, ttlSeconds: ttl, uses });
        const { joinToken, id, expiresAt, inUseUntil } = created;
        const authority = created.authorities.join(",") || here;
        const line = joinLine(authority, name, joinToken);
        output.result({ ok: true, id, name, uses, authority, joinToken, expiresAt, inUseUntil, line }, () => {
          if (inUseUntil) {
            output.line(
              `${paint("yellow", "warning")}: a bot has the name ${name}, until ${inUseUntil.toLocaleTimeString()} at least. ` +
                "A join with this token supersedes it: it cannot renew any more. For one bot more, use another name.",
            );
          }
          output.line(`Run this join command where ${name} runs, before ${expiresAt?.toLocaleTimeString()}:`);
          output.line(`  ${line}`);
          if (created.authorities.every(isOnlyHere)) {
            output.line(`That has to be this machine: others reach the authority after "interlock up --advertise".`);
          }
          output.line(`Or start the bot with INTERLOCK_AUTHORITY=${authority} INTERLOCK_JOIN_TOKEN=${joinToken}`);
        });
      });
    });
}

function isOnlyHere(address: string): boolean {
  return isLoopback(readAddress(address).host);
}

/** The host name of a machine in lower case, as bots' names are; every POSIX shell has these, containers often no `hostname`. */
const machine = "$(uname -n | tr A-Z a-z)";

/**
 * Returns the join command for a bot; in a pattern, the machine's host name replaces the wildcard. The join token is in the
 * environment, because every user of a machine can read the arguments of its processes.
 */
export function joinLine(authority: string, name: string, joinToken: string): string {
  const chosen = name.includes("*") ? `"${name.replace(/\*\*?/g, () => machine)}"` : name;
  // --no: where the command is not installed, npx would fetch a package of that name, from anyone, and pass it the token.
  return `INTERLOCK_JOIN_TOKEN=${joinToken} npx --no interlock join --authority ${authority} --name ${chosen}`;
}
