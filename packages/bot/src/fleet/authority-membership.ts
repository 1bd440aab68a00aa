import { setTimeout as sleep } from "node:timers/promises";
import { readAddress } from "../base/address.js";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import { ownAddressTowards } from "../base/own-addresses.js";
import type { Recorder } from "../base/recorder.js";
import { createClient } from "../client/client.js";
import type { ConnectionTimes } from "../client/connection-times.js";
import { createConnector } from "../client/connector.js";
import { createDeprecationLog } from "../client/deprecation-log.js";
import { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { Identity } from "../identity/identity.js";
import { createIdentityFolder, type IdentityFolder } from "../identity/identity-folder.js";
import { caDigest, parseJoinToken } from "../identity/join-token.js";
import type { Membership } from "../membership.js";
import { overlayTrust } from "../providers/overlay-trust.js";
import type { ProvidedIdentity } from "../providers/provider.js";
import { createAuthorityContact } from "../trust/authority-contact.js";
import { rootOf } from "../trust/root-of.js";
import { createTrust, type MutableTrust, type Trust } from "../trust/trust.js";
import { createTrustFolder, type TrustFolder } from "../trust/trust-folder.js";
import { withoutTrust } from "../trust/without-trust.js";
import { createAuthorityTokens, createTokenExchange, noTokens } from "./authority-tokens.js";
import { callFederated } from "./call-federated.js";
import { forgetLostScopes } from "./forget-lost-scopes.js";
import { type Joined, join } from "./join.js";
import { type JoinCredential, joinTokenCredential } from "./join-credential.js";
import { createJoinRecord, type JoinRecord } from "./join-record.js";
import { locateServers } from "./locate-servers.js";
import { noteServing } from "./note-serving.js";
import { recover } from "./recover.js";
import { keepRenewed } from "./renewal.js";
import { createReporter } from "./reporter.js";
import { type ServiceAccountFiles, serviceAccountCredential } from "./service-account.js";
import { followTrust } from "./trust-feed.js";

/** The options of {@link openAuthorityMembership}. */
export interface AuthorityMembershipOptions {
  /** `host:port` of the authority; of each authority, if several share a store. */
  readonly addresses: readonly string[];
  readonly name: string;
  readonly joinToken: string | undefined;
  readonly serviceAccount: ServiceAccountFiles | undefined;
  /** The folder for identity and trust. */
  readonly stateDir: string;
  /** The version of the bot's program; empty for none. */
  readonly version: string;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: ConnectionTimes;
}

/** The time that a bot with a saved trust waits for the authority before it starts without it, in milliseconds. */
const firstWordMs = 2_000;

/**
 * Opens the membership that the authority gives: identity, trust and tokens; only trust and tokens if the identity is
 * `provided`. Rejects as `joinFleet` does.
 */
export async function openAuthorityMembership(
  options: AuthorityMembershipOptions,
  provided?: ProvidedIdentity,
): Promise<Membership> {
  const { addresses, name, stateDir, recorder, clock, log } = options;
  const folders: Folders = {
    identity: createIdentityFolder(stateDir),
    trust: createTrustFolder(stateDir),
    join: createJoinRecord(stateDir),
  };
  const member = provided
    ? { identity: provided.identity.current(), trust: await restoreTrust(provided, folders.trust, clock) }
    : await becomeMember(options, folders);

  const own = createObservable(member.identity);
  const identity = provided?.identity ?? own;
  const overlay = provided && overlayTrust(member.trust, { roots: provided.roots }, clock);
  const trust = overlay ?? member.trust;
  const servers = ["interlock/authority"];
  const deprecations = createDeprecationLog(log, clock);
  const parts = { identity, trust, tokens: noTokens, clock, recorder, deprecations, times: options.times };
  const connector = createConnector(AuthorityService, addresses, servers, parts);
  const authority = createClient(AuthorityService, connector);
  const contact = createAuthorityContact(addresses.join(","), clock, log);
  const ofTokens = { authorities: addresses.length, identity, contact };
  const tokens = createAuthorityTokens(authority, clock, ofTokens);
  const stopForgetting = forgetLostScopes(tokens, trust, name);
  const reporter = createReporter({ authority, recorder, contact, version: options.version, log });
  const noted = noteServing(options.stateDir, log);
  const ending = new AbortController();
  const { signal } = ending;
  const { reconnect } = connector;
  const following = {
    authority,
    contact,
    identity,
    trust: member.trust,
    folder: folders.trust,
    clock,
    log,
    signal,
    reconnect,
  };
  const feed = followTrust(following);
  const renewing = provided
    ? undefined
    : keepRenewed({
        authority,
        contact,
        identity: own,
        folder: folders.identity,
        trust,
        clock,
        log,
        signal,
        recover: (current) => recoverRunning(current, member.trust, options, folders),
      });
  if (trust.isStale()) await atMost(firstWordMs, feed.attempted);
  if (trust.isStale()) tellWaiting(options, trust);

  return {
    identity,
    identityContact: provided?.contact,
    trust,
    tokens,
    contact,
    serving(services, address, bound) {
      const stopReporting = reporter.serving(services, address);
      const stopNoting = noted.serving(bound);
      return () => {
        stopReporting();
        stopNoting();
      };
    },
    locate: (service, servers) => locateServers(authority, { service, servers, trustDomain: trust.state.trustDomain }),
    exchange: createTokenExchange(authority, clock, ofTokens),
    tokensUnder: (use) => createAuthorityTokens(authority, clock, ofTokens, use),
    callFederated: (use) => callFederated(use, { ...parts, trust, log }),
    towardsFleet: () => ownAddressTowards(readAddress(addresses[0] as string)),
    async leave() {
      ending.abort();
      stopForgetting();
      tokens.close?.();
      // A renewal under way is completed: the authority counts it as done.
      await Promise.all([reporter.close(), noted.settled(), feed.ended, renewing]);
      connector.close();
      overlay?.close();
    },
  };
}

/** Recovers while the bot runs: takes over and saves the trust that comes with the new identity. */
async function recoverRunning(
  current: Identity,
  trust: MutableTrust,
  { addresses, clock }: AuthorityMembershipOptions,
  folders: Folders,
): Promise<Identity> {
  const given = await atFirst(addresses, (address) => recover(address, current, trust.state, clock));
  if (given.trust.version >= trust.state.version) trust.replace(given.trust);
  await folders.trust.save({ state: trust.state, heardAt: trust.heardAt });
  return given.identity;
}

/** Says what a bot waits for that has started without a word from the authority, and what it can do meanwhile. */
function tellWaiting({ addresses, log }: AuthorityMembershipOptions, { heardAt }: Trust): void {
  log.warn("started without the authority", {
    authority: addresses.join(","),
    ...(Number.isFinite(heardAt) && { lastHeard: new Date(heardAt).toISOString() }),
    works: "serving methods of low and medium risk",
    waits: "high and critical risk, and calls to other bots, which need a token",
  });
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
  readonly join: JoinRecord;
}

interface Member {
  readonly identity: Identity;
  readonly trust: MutableTrust;
}

/** The identity and trust that were saved last. */
interface Restored extends Member {
  /** Whether the identity can be used as it is. */
  readonly usable: boolean;
  /** Whether the certificate has expired. */
  readonly expired: boolean;
}

/**
 * Gives the saved identity, or, where it cannot be used, the next one: an expired certificate is renewed with its key. A join
 * token that did not make this identity has precedence, because it shows that an operator has invited the bot anew.
 */
async function becomeMember(options: AuthorityMembershipOptions, folders: Folders): Promise<Member> {
  const before = await restore(options, folders);
  if (before?.usable) return before;
  const work = async () => {
    const saved = await restore(options, folders); // Another process of the bot may have been faster.
    if (saved?.usable) return saved;
    return saved?.expired ? comeBack(saved, options, folders) : enter(options, folders);
  };
  return folders.identity.exclusively(work, { log: options.log }).catch((error) => {
    throw isFileFault(error) ? notWritable(options.stateDir, error) : error;
  });
}

/** The refusals of a join token that may have made the saved identity long ago. It is not on record after some time. */
const spentReasons: ReadonlySet<string> = new Set(["JOIN_TOKEN_USED", "JOIN_TOKEN_EXPIRED", "JOIN_TOKEN_INVALID"]);

/** Renews the expired certificate, or joins with a new join token. */
async function comeBack(saved: Restored, options: AuthorityMembershipOptions, folders: Folders): Promise<Member> {
  const { addresses, joinToken, clock, log, name } = options;
  if (joinToken !== undefined && !(await folders.join.isSpent(joinToken))) {
    try {
      return await enter(options, folders);
    } catch (error) {
      if (!spentReasons.has(InterlockError.from(error).reason ?? "")) throw error;
      await folders.join.end(joinToken);
    }
  }
  let recovered: Joined;
  try {
    recovered = await atFirst(addresses, (address) => recover(address, saved.identity, saved.trust.state, clock));
  } catch (error) {
    if (options.serviceAccount && InterlockError.from(error).code !== "UNAVAILABLE") return enter(options, folders);
    throw error;
  }
  log.info("certificate recovered", { name, serial: recovered.identity.leaf.serial });
  return keep(recovered, folders, clock);
}

/** Restores the identity and the trust that were saved last; nothing if they are of another fleet. */
async function restore(
  { name, joinToken, stateDir, clock, log }: AuthorityMembershipOptions,
  folders: Folders,
): Promise<Restored | undefined> {
  const identity = await folders.identity.load();
  const saved = await folders.trust.load();
  if (!identity || !saved) return undefined;
  if (identity.spiffeId.name !== name) {
    const problem = `${stateDir} holds the identity of ${identity.spiffeId.name}, and this is ${name}`;
    throw new InterlockError("FAILED_PRECONDITION", `${problem}: choose another stateDir.`);
  }
  // A join token of another authority has precedence: the saved state belongs to a fleet that is gone.
  const token = joinToken === undefined ? undefined : parseJoinToken(joinToken);
  const { state, heardAt } = saved;
  if (token && !state.caCertificates.some((der) => Buffer.from(caDigest(der)).equals(token.caDigest))) return undefined;
  const expired = clock.now() >= identity.leaf.notAfter;
  // A certificate below a root that was withdrawn is as worthless as an expired one.
  const usable = !expired && rootOf(identity.chain, state) !== undefined;
  const heard = Number.isFinite(heardAt) ? new Date(heardAt).toISOString() : "unknown";
  if (usable) log.info("trust restored", { version: String(state.version), heard });
  return { identity, trust: createTrust(state, clock, { heardAt, heard: false }), usable, expired };
}

/** The entry of the pod's key in the record of joins; its token changes every hour. */
const serviceAccountUse = "service account";

/**
 * Gets a new identity for a join token, or as a pod, and saves it. The key is on the disk before the credential is used: after a
 * crash, the same key may come again.
 */
async function enter(options: AuthorityMembershipOptions, folders: Folders): Promise<Member> {
  const { addresses, name, joinToken, clock } = options;
  const credential = await credentialOf(options);
  const use = joinToken || serviceAccountUse;
  const keys = await folders.join.begin(use);
  const joined = await atFirst(addresses, (address) => join(address, name, credential, { clock, keys }));
  const member = await keep(joined, folders, clock);
  await folders.join.end(use);
  return member;
}

/** The credential for joining. With a ServiceAccount, a join token still has precedence, as it has over a saved identity. */
async function credentialOf({
  name,
  joinToken,
  serviceAccount,
  stateDir,
}: AuthorityMembershipOptions): Promise<JoinCredential> {
  if (joinToken) return joinTokenCredential(joinToken, name);
  if (serviceAccount) return serviceAccountCredential(serviceAccount);
  const remedy = `get a join token with "interlock invite ${name}" and pass it as joinToken, or as INTERLOCK_JOIN_TOKEN to "interlock join"`;
  throw new InterlockError("UNAUTHENTICATED", `There is no valid identity for ${name} in ${stateDir}: ${remedy}.`);
}

/** Saves what the authority has given. The trust comes first, because the identity is worth nothing without its root. */
async function keep(given: Joined, folders: Folders, clock: Clock): Promise<Member> {
  const trust = createTrust(given.trust, clock);
  await folders.trust.save({ state: trust.state, heardAt: trust.heardAt });
  await folders.identity.save(given.identity);
  return { identity: given.identity, trust };
}

/** Asks the first authority that can be reached. */
async function atFirst<T>(
  [address = "", ...others]: readonly string[],
  ask: (address: string) => Promise<T>,
): Promise<T> {
  try {
    return await ask(address);
  } catch (error) {
    if (others.length === 0 || InterlockError.from(error).code !== "UNAVAILABLE") throw error;
    return atFirst(others, ask);
  }
}

function isFileFault(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "path" in error;
}

function notWritable(stateDir: string, cause: NodeJS.ErrnoException): InterlockError {
  const remedy = "make it writable for this user, or choose another stateDir";
  return new InterlockError(
    "FAILED_PRECONDITION",
    `The state cannot be saved in ${stateDir} (${cause.code}): ${remedy}.`,
    {
      cause,
    },
  );
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
