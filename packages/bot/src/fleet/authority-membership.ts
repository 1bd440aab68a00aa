import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { Recorder } from "../base/recorder.js";
import { createClient } from "../client/client.js";
import { createConnector } from "../client/connector.js";
import { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { Identity } from "../identity/identity.js";
import { createIdentityFolder, type IdentityFolder } from "../identity/identity-folder.js";
import { createMutableIdentity } from "../identity/identity-holder.js";
import { caDigest, parseJoinToken } from "../identity/join-token.js";
import type { Membership } from "../membership.js";
import { overlayTrust } from "../providers/overlay-trust.js";
import type { ProvidedIdentity } from "../providers/provider.js";
import { rootOf } from "../trust/root-of.js";
import { createTrust, type MutableTrust } from "../trust/trust.js";
import { createTrustFolder, type TrustFolder } from "../trust/trust-folder.js";
import { withoutTrust } from "../trust/without-trust.js";
import { createAuthorityTokens, noTokens } from "./authority-tokens.js";
import { forgetLostScopes } from "./forget-lost-scopes.js";
import { type Joined, join } from "./join.js";
import { keepRenewed } from "./renewal.js";
import { createReporter } from "./reporter.js";
import { followTrust } from "./trust-feed.js";

/** What a membership of an authority stands on. */
export interface AuthorityMembershipOptions {
  /** `host:port` of the authority; of each, where several share a store. */
  readonly addresses: readonly string[];
  readonly name: string;
  readonly joinToken: string | undefined;
  /** Where identity and trust are kept. */
  readonly stateDir: string;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long a bot whose trust is from before waits for word from the authority, until it starts all the same. */
const firstWordMs = 2_000;

/**
 * The membership that the authority gives: identity, trust and tokens; only trust and tokens where the identity is from
 * elsewhere. Rejects as `joinFleet` does.
 */
export async function openAuthorityMembership(
  options: AuthorityMembershipOptions,
  elsewhere?: ProvidedIdentity,
): Promise<Membership> {
  const { addresses, name, stateDir, recorder, clock, log } = options;
  const folders = { identity: createIdentityFolder(stateDir), trust: createTrustFolder(stateDir) };
  const member = elsewhere
    ? { identity: elsewhere.identity.current(), trust: await restoreTrust(elsewhere, folders.trust, clock) }
    : ((await restore(options, folders)) ?? (await enter(options, folders)));

  const own = elsewhere ? undefined : createMutableIdentity(member.identity);
  const identity = own ?? (elsewhere as ProvidedIdentity).identity;
  const overlay = elsewhere && overlayTrust(member.trust, { roots: elsewhere.roots }, clock);
  const trust = overlay ?? member.trust;
  const servers = ["interlock/authority"];
  const connector = createConnector(AuthorityService, addresses, servers, { identity, trust, tokens: noTokens, clock });
  const authority = createClient(AuthorityService, connector);
  const tokens = createAuthorityTokens(authority, clock, {
    authorities: addresses.length,
    isCurrent: (one) => one === identity.current(),
  });
  const stopForgetting = forgetLostScopes(tokens, trust, name);
  const reporter = createReporter(authority, recorder, log);
  const ending = new AbortController();
  const { signal } = ending;
  const { reconnect } = connector;
  const feed = followTrust({ authority, trust: member.trust, folder: folders.trust, log, signal, reconnect });
  const renewing =
    own && keepRenewed({ authority, identity: own, folder: folders.identity, trust, clock, log, signal });
  if (trust.isStale()) await atMost(firstWordMs, feed.attempted);

  return {
    identity,
    trust,
    tokens,
    serving: reporter.serving,
    async leave() {
      ending.abort();
      stopForgetting();
      // A renewal under way is seen through: the authority counts it as done.
      await Promise.all([reporter.close(), feed.ended, renewing]);
      connector.close();
      overlay?.close();
    },
  };
}

/** Waits for something, but no longer than that. Nothing else may keep the process alive yet, so this does. */
async function atMost(ms: number, event: Promise<void>): Promise<void> {
  const over = new AbortController();
  await Promise.race([event, sleep(ms, undefined, { signal: over.signal }).catch(() => {})]);
  over.abort();
}

interface Folders {
  readonly identity: IdentityFolder;
  readonly trust: TrustFolder;
}

interface Member {
  readonly identity: Identity;
  readonly trust: MutableTrust;
}

/** What was kept from the last time, if it still serves. */
async function restore(
  { name, joinToken, stateDir, clock, log }: AuthorityMembershipOptions,
  folders: Folders,
): Promise<Member | undefined> {
  const identity = await folders.identity.load();
  const saved = await folders.trust.load();
  if (!identity || !saved) return undefined;
  if (identity.spiffeId.name !== name) {
    const problem = `${stateDir} holds the identity of ${identity.spiffeId.name}, and this is ${name}`;
    throw new InterlockError("FAILED_PRECONDITION", `${problem}: choose another stateDir.`);
  }
  // A join token of another authority means that one: what is kept here is of a fleet that is gone.
  const token = joinToken === undefined ? undefined : parseJoinToken(joinToken);
  const { state, heardAt } = saved;
  if (token && !state.caCertificates.some((der) => Buffer.from(caDigest(der)).equals(token.caDigest))) return undefined;
  // A certificate below a root that was withdrawn is as worthless as one that has run out.
  if (clock.now() >= identity.leaf.notAfter || rootOf(identity.chain, state) === undefined) return undefined;
  const heard = Number.isFinite(heardAt) ? new Date(heardAt).toISOString() : "unknown";
  log.info("trust restored", { version: String(state.version), heard });
  return { identity, trust: createTrust(state, clock, { heardAt, heard: false }) };
}

/** A new identity for a join token. */
async function enter(
  { addresses, name, joinToken, stateDir, clock }: AuthorityMembershipOptions,
  folders: Folders,
): Promise<Member> {
  if (!joinToken) {
    const remedy = `get a join token with "interlock invite ${name}" and pass it as joinToken`;
    throw new InterlockError("UNAUTHENTICATED", `There is no valid identity for ${name} in ${stateDir}: ${remedy}.`);
  }
  const joined = await joinAtFirst(addresses, name, joinToken);
  const trust = createTrust(joined.trust, clock);
  await folders.trust.save({ state: trust.state, heardAt: trust.heardAt });
  await folders.identity.save(joined.identity);
  return { identity: joined.identity, trust };
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

/** Trust for a bot that never joined: what was kept, or nothing until the authority has been heard of. */
async function restoreTrust({ identity, roots }: ProvidedIdentity, folder: TrustFolder, clock: Clock) {
  const saved = await folder.load();
  const { trustDomain } = identity.current().spiffeId;
  if (saved?.state.trustDomain === trustDomain) {
    return createTrust(saved.state, clock, { heardAt: saved.heardAt, heard: false });
  }
  const state = { ...withoutTrust(trustDomain), caCertificates: roots.current(), staleAfterMs: 60_000 };
  return createTrust(state, clock, { heardAt: Number.NEGATIVE_INFINITY, heard: false });
}
