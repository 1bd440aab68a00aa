import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import type { Recorder } from "../base/recorder.js";
import { createClient } from "../client/client.js";
import { createConnector } from "../client/connector.js";
import { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { Identity } from "../identity/identity.js";
import { createIdentityFolder, type IdentityFolder } from "../identity/identity-folder.js";
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

/** The options of {@link openAuthorityMembership}. */
export interface AuthorityMembershipOptions {
  /** `host:port` of the authority; of each authority, where several share a store. */
  readonly addresses: readonly string[];
  readonly name: string;
  readonly joinToken: string | undefined;
  /** The folder for identity and trust. */
  readonly stateDir: string;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
}

/** The time that a bot with a saved trust waits for the authority before it starts without it, in milliseconds. */
const firstWordMs = 2_000;

/**
 * Opens the membership that the authority gives: identity, trust and tokens; only trust and tokens where the identity is
 * `provided`. Rejects as `joinFleet` does.
 */
export async function openAuthorityMembership(
  options: AuthorityMembershipOptions,
  provided?: ProvidedIdentity,
): Promise<Membership> {
  const { addresses, name, stateDir, recorder, clock, log } = options;
  const folders = { identity: createIdentityFolder(stateDir), trust: createTrustFolder(stateDir) };
  const member = provided
    ? { identity: provided.identity.current(), trust: await restoreTrust(provided, folders.trust, clock) }
    : ((await restore(options, folders)) ?? (await enter(options, folders)));

  const own = createObservable(member.identity);
  const identity = provided?.identity ?? own;
  const overlay = provided && overlayTrust(member.trust, { roots: provided.roots }, clock);
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
  const renewing = provided
    ? undefined
    : keepRenewed({ authority, identity: own, folder: folders.identity, trust, clock, log, signal });
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

/** Waits for an event, for `ms` at most. It keeps the process alive meanwhile, because nothing else may do so yet. */
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

/** The identity and trust that were saved the last time, if they are still good. */
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
  // A join token of another authority wins: what is saved here belongs to a fleet that is gone.
  const token = joinToken === undefined ? undefined : parseJoinToken(joinToken);
  const { state, heardAt } = saved;
  if (token && !state.caCertificates.some((der) => Buffer.from(caDigest(der)).equals(token.caDigest))) return undefined;
  // A certificate below a root that was withdrawn is as worthless as an expired one.
  if (clock.now() >= identity.leaf.notAfter || rootOf(identity.chain, state) === undefined) return undefined;
  const heard = Number.isFinite(heardAt) ? new Date(heardAt).toISOString() : "unknown";
  log.info("trust restored", { version: String(state.version), heard });
  return { identity, trust: createTrust(state, clock, { heardAt, heard: false }) };
}

/** Gets a new identity for a join token, and saves it. */
async function enter(
  { addresses, name, joinToken, stateDir, clock }: AuthorityMembershipOptions,
  folders: Folders,
): Promise<Member> {
  if (!joinToken) {
    const remedy = `get a join token with "interlock invite ${name}" and pass it as joinToken`;
    throw new InterlockError("UNAUTHENTICATED", `There is no valid identity for ${name} in ${stateDir}: ${remedy}.`);
  }
  const joined = await joinAtFirst(addresses, name, joinToken, clock);
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
  clock: Clock,
): Promise<Joined> {
  try {
    return await join(address, name, joinToken, clock);
  } catch (error) {
    if (others.length === 0 || InterlockError.from(error).code !== "UNAVAILABLE") throw error;
    return joinAtFirst(others, name, joinToken, clock);
  }
}

/** The trust of a bot that never joined: what was saved, or nothing until the authority has been heard. */
async function restoreTrust({ identity, roots }: ProvidedIdentity, folder: TrustFolder, clock: Clock) {
  const saved = await folder.load();
  const { trustDomain } = identity.current().spiffeId;
  if (saved?.state.trustDomain === trustDomain) {
    return createTrust(saved.state, clock, { heardAt: saved.heardAt, heard: false });
  }
  const state = { ...withoutTrust(trustDomain), caCertificates: roots.current(), staleAfterMs: 60_000 };
  return createTrust(state, clock, { heardAt: Number.NEGATIVE_INFINITY, heard: false });
}
