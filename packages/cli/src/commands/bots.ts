import type { Bot } from "@interlock/bot/protocol";
import { Command } from "commander";
import { allPages } from "../all-pages.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";

/** `interlock bots`: the members of the fleet. */
export function botsCommand(output: Output): Command {
  const bots = new Command("bots").description("The members of the fleet.");
  bots
    .command("list")
    .description("List every bot that has joined, with its state.")
    .addHelpText("after", "\nExample:\n  interlock bots list")
    .action(() =>
      asMember(async ({ admin }) => {
        const now = new Date();
        const bots = await allPages(admin.listBots, (answer) => answer.bots);
        const listed = bots.map((bot) => ({ ...bot, state: stateOf(bot, now) }));
        output.result({ ok: true, bots: listed }, () => {
          output.table(
            ["BOT", "STATE", "CERTIFICATE", "UNTIL"],
            listed.map(({ spiffeId, state, certificateSerial, certificateExpiresAt }) => {
              return [spiffeId, state, certificateSerial, certificateExpiresAt?.toISOString() ?? ""];
            }),
          );
        });
      }),
    );
  bots
    .command("retire")
    .description("End a bot's membership: it gets no new certificate and no new token.")
    .argument("<name>", "the bot's name, for example gripper/1")
    .addHelpText(
      "after",
      "\nIts certificate stays valid until it expires, within the hour. To end its access at once: interlock revoke.\n\n" +
        "Example:\n  interlock bots retire gripper/1",
    )
    .action((name: string) =>
      asMember(async ({ admin }) => {
        const { bot } = await admin.retireBot({ name });
        output.result({ ok: true, bot }, () => output.line(`${paint("green", "retired")} ${name}`));
      }),
    );
  return bots;
}

function stateOf({ revocation, retiredAt, certificateExpiresAt }: Bot, now: Date): string {
  if (revocation) return "revoked";
  if (retiredAt) return "retired";
  return certificateExpiresAt && certificateExpiresAt <= now ? "expired" : "member";
}
