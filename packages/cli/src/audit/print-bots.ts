import type { InventoryBot } from "@interlock/audit";
import { count, span } from "../dashboard/model/format.js";
import { type Output, paint } from "../output.js";

/** The maximum number of bots that are shown. */
const maximumBots = 100;

/** Prints the bots of an inventory. */
export function printBots(output: Output, bots: readonly InventoryBot[], at: number): void {
  output.line();
  output.table(
    ["BOT", "KNOWN", "SEEN", "CERTIFICATE", "VERSION", "SERVES"],
    bots
      .slice(0, maximumBots)
      .map((bot) => [
        bot.name,
        knownText(bot),
        bot.online
          ? paint("green", "online")
          : bot.lastSeenAt === undefined
            ? "never"
            : `not since ${span(at - bot.lastSeenAt)} ago`,
        certificateText(bot, at),
        bot.versions.join(", ") || "-",
        bot.services.map((service) => service.slice(service.lastIndexOf(".") + 1)).join(", ") || "-",
      ]),
  );
  if (bots.length > maximumBots)
    output.line(paint("dim", `${count(bots.length - maximumBots)} more: interlock bots list shows them all.`));
}

function knownText({ known, revokedAt, retiredAt }: InventoryBot): string {
  if (retiredAt !== undefined) return "retired";
  if (revokedAt !== undefined) return paint("red", "revoked");
  if (known === "joined" || known === "authority") return known === "joined" ? "member" : known;
  return paint("yellow", known === "reported" ? "never enrolled" : "seen calling only");
}

function certificateText({ certificateExpiresAt: expires, known }: InventoryBot, at: number): string {
  if (expires === undefined) return known === "joined" || known === "authority" ? "-" : "from elsewhere";
  return expires < at ? `expired ${span(at - expires)} ago` : `${span(expires - at)} left`;
}
