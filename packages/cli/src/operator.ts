import { connect } from "node:net";
import { type Bot, type Client, InterlockError, joinFleet, silentLog } from "@interlock/bot";
import { readAddress } from "@interlock/bot/internal";
import { AdminService } from "@interlock/bot/protocol";
import { botDir, loadMembership, loadProfile } from "./state.js";

/** The bot as which a command acts. */
export interface Self {
  /** The name of a bot of this project. Default: its operator. */
  readonly name?: string | undefined;
  /** The folder of the bot's identity. Default: the one in this project. */
  readonly dir?: string | undefined;
}

/** A bot of this project with its authority. */
export interface Session {
  readonly bot: Bot;
  readonly authority: string;
  readonly admin: Client<typeof AdminService>;
}

/** Runs `work` as a bot and closes the bot afterwards. Default: as the operator of this project. */
export async function asMember<T>(work: (session: Session) => Promise<T>, self: Self = {}): Promise<T> {
  const { authority: known, name, dir } = await whoAmI(self);
  const authority = await firstReached(known.split(","));
  const bot = await joinFleet({ authority: known, name, stateDir: dir, log: silentLog });
  try {
    return await work({
      bot,
      authority,
      admin: bot.client(AdminService, authority),
    });
  } catch (thrown) {
    const error = InterlockError.from(thrown);
    const { code, reason = "SERVER_UNREACHABLE", metadata } = error;
    // Another bot's answer says what it needs to say, whether or not the authority is there.
    const silent = reason === "SERVER_UNREACHABLE" || reason === "AUTHORITY_UNREACHABLE";
    if (code !== "UNAVAILABLE" || !silent || (await reaches(authority))) throw error;
    throw new InterlockError(
      "UNAVAILABLE",
      `The authority cannot be reached: is "interlock up" running at ${authority}?`,
      { reason: "AUTHORITY_UNREACHABLE", metadata: { ...metadata, authority }, cause: error },
    );
  } finally {
    await bot.close(0);
  }
}

async function whoAmI({ name, dir }: Self): Promise<{ authority: string; name: string; dir: string }> {
  if (dir !== undefined) return { ...(await loadMembership(dir, name)), dir };
  if (name === undefined) {
    const { authority, operator } = await loadProfile();
    return { authority, name: operator, dir: botDir(operator) };
  }
  return { ...(await loadMembership(botDir(name), name)), dir: botDir(name) };
}

/** Returns the first authority that is reachable; the first one when none is. */
async function firstReached(addresses: readonly string[]): Promise<string> {
  const [first = ""] = addresses;
  if (addresses.length === 1) return first;
  for (const address of addresses) if (await reaches(address.trim())) return address.trim();
  return first;
}

/** Whether an error says that no authority was there to answer. One that has no room in its store, for example, was. */
export function isAway({ code, reason }: InterlockError): boolean {
  if (code !== "UNAVAILABLE" && code !== "DEADLINE_EXCEEDED") return false;
  return reason === undefined || reason === "SERVER_UNREACHABLE" || reason === "AUTHORITY_UNREACHABLE";
}

/** Whether something listens at `address`. */
export function reaches(address: string): Promise<boolean> {
  const { host, port } = readAddress(address);
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const settle = (reached: boolean) => {
      socket.destroy();
      resolve(reached);
    };
    socket
      .once("connect", () => settle(true))
      .once("error", () => settle(false))
      .once("timeout", () => settle(false));
  });
}
