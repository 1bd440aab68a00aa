import { join as joinPath } from "node:path";
import { isBotName } from "@interlock/policy";
import { type Bot, createBot } from "../bot.js";
import { createClient } from "../client/client.js";
import { createConnector } from "../client/connector.js";
import { type Clock, systemClock } from "../clock.js";
import { InterlockError } from "../error.js";
import { AuthorityService } from "../gen/interlock/authority/v1/authority_interlock.js";
import type { Identity } from "../identity/identity.js";
import { createIdentityFolder, type IdentityFolder } from "../identity/identity-folder.js";
import { createIdentityHolder } from "../identity/identity-holder.js";
import { caDigest, parseJoinToken } from "../identity/join-token.js";
import { jsonLog, type Log } from "../log.js";
import { createRecorder } from "../recorder.js";
import { createTrust, type TrustState } from "../trust/trust.js";
import { createTrustFolder, type TrustFolder } from "../trust/trust-folder.js";
import { createAuthorityTokens, noTokens } from "./authority-tokens.js";
import { forgetLostScopes } from "./forget-lost-scopes.js";
import { type Joined, join } from "./join.js";
import { keepRenewed } from "./renewal.js";
import { createReporter } from "./reporter.js";
import { followTrust } from "./trust-feed.js";

/** Which fleet to join, and as whom. */
export interface JoinFleetOptions {
  /** `host:port` of the authority; of each, where several share a store: a list, or joined by commas. */
  readonly authority: string | readonly string[];
  /** The bot's name in the fleet, for example `gripper/1`. */
  readonly name: string;
  /** The line that `interlock invite` printed; needed only the first time. */
  readonly joinToken?: string | undefined;
  /** Where identity and trust are kept; `.interlock/bots/<name>` unless said. */
  readonly stateDir?: string;
  /** Where the log goes; JSON lines on standard error unless said. */
  readonly log?: Log;
  readonly clock?: Clock;
}

/**
 * Makes this process a bot of a fleet: with the identity kept from the last time, or with a new one for the join token.
 * From then on certificate, tokens and trust keep themselves current. An authority that is away keeps no bot with an
 * identity from starting.
 *
 * ```ts
 * const bot = await joinFleet({ authority: "localhost:7443", name: "gripper/1", joinToken });
 * ```
 *
 * Rejects with an `InterlockError` that says what to do: `JOIN_TOKEN_…`, `CA_PIN_MISMATCH`, `AUTHORITY_UNREACHABLE`.
 */
export async function joinFleet(options: JoinFleetOptions): Promise<Bot> {
  const { name, log = jsonLog, clock = systemClock } = options;
  const addresses = addressesOf(options);
  if (!isBotName(name)) throw new InterlockError("INVALID_ARGUMENT", `"${name}" is no bot name, such as gripper/1.`);
  const stateDir = options.stateDir ?? joinPath(".interlock", "bots", name);
  const identityFolder = createIdentityFolder(stateDir);
  const trustFolder = createTrustFolder(stateDir);
  const member =
    (await restore(options, stateDir, identityFolder, trustFolder, clock)) ??
    (await enter(options, stateDir, identityFolder, trustFolder));

  const identity = createIdentityHolder(member.identity);
  const trust = createTrust(member.trust, clock);
  const recorder = createRecorder();
  const servers = ["interlock/authority"];
  const connector = createConnector(AuthorityService, addresses, servers, { identity, trust, tokens: noTokens, clock });
  const authority = createClient(AuthorityService, connector);
  const tokens = createAuthorityTokens(authority, clock, addresses.length);
  const stopForgetting = forgetLostScopes(tokens, trust, name);
  const reporter = createReporter(authority, recorder, log);
  const ending = new AbortController();
  const { signal } = ending;
  const following = followTrust({ authority, trust, folder: trustFolder, log, signal });
  const renewing = keepRenewed({ authority, identity, folder: identityFolder, clock, log, signal });

  return createBot({
    identity,
    trust,
    tokens,
    recorder,
    clock,
    log,
    serving: reporter.serving,
    async leave() {
      ending.abort();
      stopForgetting();
      // A renewal under way is seen through: the authority counts it as done.
      await Promise.all([reporter.close(), following, renewing]);
      connector.close();
    },
  });
}

interface Membership {
  readonly identity: Identity;
  readonly trust: TrustState;
}

/** What was kept from the last time, if it still serves. */
async function restore(
  { name, joinToken }: JoinFleetOptions,
  stateDir: string,
  identityFolder: IdentityFolder,
  trustFolder: TrustFolder,
  clock: Clock,
): Promise<Membership | undefined> {
  const identity = await identityFolder.load();
  const trust = await trustFolder.load();
  if (!identity || !trust) return undefined;
  if (identity.spiffeId.name !== name) {
    const problem = `${stateDir} holds the identity of ${identity.spiffeId.name}, and this is ${name}`;
    throw new InterlockError("FAILED_PRECONDITION", `${problem}: choose another stateDir.`);
  }
  // A join token of another authority means that one: what is kept here is of a fleet that is gone.
  const token = joinToken === undefined ? undefined : parseJoinToken(joinToken);
  if (token && !trust.caCertificates.some((der) => Buffer.from(caDigest(der)).equals(token.caDigest))) return undefined;
  return clock.now() < identity.leaf.notAfter ? { identity, trust } : undefined;
}

/** A new identity for a join token. */
async function enter(
  options: JoinFleetOptions,
  stateDir: string,
  identityFolder: IdentityFolder,
  trustFolder: TrustFolder,
): Promise<Membership> {
  const { name, joinToken } = options;
  if (!joinToken) {
    const remedy = `get a join token with "interlock invite ${name}" and pass it as joinToken`;
    throw new InterlockError("UNAUTHENTICATED", `There is no valid identity for ${name} in ${stateDir}: ${remedy}.`);
  }
  const joined = await joinAtFirst(addressesOf(options), name, joinToken);
  await trustFolder.save(joined.trust);
  await identityFolder.save(joined.identity);
  return joined;
}

/** Joins at the first authority that can be reached. */
async function joinAtFirst(
  [address = "", ...others]: readonly string[],
  name: string,
  joinToken: string,
): Promise<Joined> {
  try {
    return await join(address, name, joinToken);
  } catch (error) {
    if (others.length === 0 || InterlockError.from(error).code !== "UNAVAILABLE") throw error;
    return joinAtFirst(others, name, joinToken);
  }
}

function addressesOf({ authority }: JoinFleetOptions): string[] {
  const addresses = [authority]
    .flat()
    .flatMap((text) => text.split(","))
    .map((address) => address.trim());
  if (addresses.length > 0 && !addresses.includes("")) return addresses;
  throw new InterlockError("INVALID_ARGUMENT", "The authority is an address, host:port, or several joined by commas.");
}
