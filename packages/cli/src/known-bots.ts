import type { Client } from "@interlock/bot";
import { type AdminService, Bot, type Instance } from "@interlock/bot/protocol";
import { allPages } from "./all-pages.js";
import { shortName } from "./dashboard/model/format.js";

/** A bot that has joined, or reports with a certificate from elsewhere, with its processes. */
export interface KnownBot {
  readonly bot: Bot;
  /** Without the trust domain, for example `gripper/1`. */
  readonly name: string;
  /** `external` for a bot that has not joined: its certificate comes from elsewhere, and is not on record. */
  readonly state: "member" | "retired" | "revoked" | "expired" | "external";
  /** Whether one of its processes is there: it has reported within the last minute, and has not said that it ends. */
  readonly online: boolean;
  /** When its processes were last heard; undefined when none has ever reported. */
  readonly lastSeenAt: Date | undefined;
  /** Its processes: those that are there, and the latest others. */
  readonly instances: readonly Instance[];
  /** The versions of the processes that are there, or else of the latest, without repetition. */
  readonly versions: readonly string[];
}

/**
 * Whether the certificate of a bot is late in its renewal: a quarter of its lifetime is left, or less. A bot that can renews at
 * half.
 */
export function isLate({ certificateIssuedAt, certificateExpiresAt }: Bot, now: Date): boolean {
  if (!certificateExpiresAt) return false;
  const left = certificateExpiresAt.getTime() - now.getTime();
  return left < lateMs(certificateIssuedAt?.getTime() ?? 0, certificateExpiresAt.getTime());
}

/** What is left of a certificate when its renewal is late, in milliseconds; for one with an unknown begin 15 minutes. */
export function lateMs(issuedAt: number, expiresAt: number): number {
  return issuedAt === 0 ? 15 * 60_000 : (expiresAt - issuedAt) / 4;
}

/** The authority reports itself, and is no bot of the list. */
const authorityName = "interlock/authority";

/** Joins the records of bots with those of their processes. Those that have not joined come last. */
export function knownBots(bots: readonly Bot[], instances: readonly Instance[], now: Date): KnownBot[] {
  const ofBot = new Map<string, Instance[]>();
  for (const instance of instances) {
    const known = ofBot.get(instance.spiffeId);
    if (known) known.push(instance);
    else ofBot.set(instance.spiffeId, [instance]);
  }
  const joined = new Set(bots.map(({ spiffeId }) => spiffeId));
  const external = [...ofBot.keys()].filter((uri) => !joined.has(uri) && shortName(uri) !== authorityName).sort();
  const all = [...bots, ...external.map((spiffeId) => Bot.fromPartial({ spiffeId }))];
  return all.map((bot) => {
    const own = ofBot.get(bot.spiffeId) ?? [];
    own.sort((a, b) => (b.lastSeenAt?.getTime() ?? 0) - (a.lastSeenAt?.getTime() ?? 0));
    const present = own.filter(({ online }) => online);
    const versions = (present.length > 0 ? present : own.slice(0, 1)).map(({ version }) => version);
    return {
      bot,
      name: shortName(bot.spiffeId),
      state: joined.has(bot.spiffeId) ? stateOf(bot, now) : "external",
      online: present.length > 0,
      lastSeenAt: own[0]?.lastSeenAt,
      instances: own,
      versions: [...new Set(versions.filter((version) => version !== ""))].sort(),
    };
  });
}

/** Reads all bots of a fleet with their processes. */
export async function readKnownBots(
  admin: Pick<Client<typeof AdminService>, "listBots" | "listInstances">,
  now: Date,
): Promise<KnownBot[]> {
  const bots = await allPages(admin.listBots, (answer) => answer.bots);
  const instances = await allPages(admin.listInstances, (answer) => answer.instances);
  return knownBots(bots, instances, now);
}

function stateOf(
  { revocation, retiredAt, certificateExpiresAt }: Bot,
  now: Date,
): Exclude<KnownBot["state"], "external"> {
  if (retiredAt) return "retired"; // Its retirement revokes it, too.
  if (revocation) return "revoked";
  return certificateExpiresAt && certificateExpiresAt <= now ? "expired" : "member";
}
