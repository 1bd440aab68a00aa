import { Command } from "commander";
import { span } from "../dashboard/model/format.js";
import { isLate, type KnownBot, readKnownBots } from "../known-bots.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";

/** `interlock bots`: the members of the fleet. */
export function botsCommand(output: Output): Command {
  const bots = new Command("bots").description("The members of the fleet.");
  bots
    .command("list")
    .description("List every bot: its state, whether it is online, what it serves, what expires when.")
    .addHelpText(
      "after",
      "\nA bot is online while a process of it reports to the authority; one that was killed is gone within a minute.\n" +
        "The version is what the bot states of itself. An external bot has not joined: its certificate comes from elsewhere.\n\nExample:\n  interlock bots list",
    )
    .action(() =>
      asMember(async ({ admin }) => {
        const now = new Date();
        const known = await readKnownBots(admin, now);
        const listed = known.map(({ bot, name: _, versions: __, ...more }) => ({ ...bot, ...more }));
        output.result({ ok: true, bots: listed }, () => {
          output.table(
            ["BOT", "STATE", "SEEN", "CERTIFICATE", "VERSION", "SERVES"],
            known.map((one) => [
              one.name,
              one.state === "revoked" ? paint("red", one.state) : one.state,
              seen(one, now),
              certificate(one, now),
              one.versions.join(", ") || "-",
              served(one),
            ]),
          );
        });
      }),
    );
  return bots;
}

function seen({ online, lastSeenAt }: KnownBot, now: Date): string {
  if (online) return paint("green", "online");
  return lastSeenAt ? `${span(now.getTime() - lastSeenAt.getTime())} ago` : "never";
}

/** What is left of a certificate: in color when it expires soon, or has expired while the bot is online. */
function certificate({ bot, state, online }: KnownBot, now: Date): string {
  if (state === "external") return "-";
  const left = (bot.certificateExpiresAt?.getTime() ?? 0) - now.getTime();
  if (left <= 0) {
    const text = `expired ${span(-left)} ago`;
    return online ? paint("red", text) : text;
  }
  const text = `${span(left)} left`;
  return state === "member" && isLate(bot, now) ? paint("yellow", text) : text;
}

/** The services of the processes that are there, each with its address. */
function served({ instances }: KnownBot): string {
  const all = instances
    .filter(({ online }) => online)
    .flatMap(({ services, addresses }) =>
      services.map((service) => `${service.slice(service.lastIndexOf(".") + 1)} ${addresses.join(" ")}`.trim()),
    );
  return [...new Set(all)].sort().join(", ") || "-";
}
