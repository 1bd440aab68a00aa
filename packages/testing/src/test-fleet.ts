import {
  type Client,
  type Denial,
  type Identity,
  type Implementation,
  InterlockError,
  silentLog,
} from "@interlock/bot";
import {
  type Connector,
  checkClientOptions,
  createClient,
  createRecorder,
  createTrust,
  type UsageCount,
} from "@interlock/bot/internal";
import { expectedServers, matchesIdentity, type Scope, type ServiceDefinition, spiffeId } from "@interlock/policy";
import { grantedScopes, parseGrants } from "@interlock/policy/grants";
import { createTestCa } from "./authority/certificates.js";
import { createTokenSigner } from "./authority/tokens.js";
import { createManualClock, type ManualClock } from "./manual-clock.js";
import { createMemoryConnector } from "./memory/memory-connector.js";
import { createMemoryServer, type MemoryServer } from "./memory/memory-server.js";
import type { TestClientOptions, TestFleetOptions, TestServeOptions, TestServer } from "./options.js";

/** A fleet in this process, for tests: see {@link createTestFleet}. */
export interface TestFleet {
  /** The clock of every bot in it. It stands still until it is moved. */
  readonly clock: ManualClock;
  /** Every call and every connection that was refused, in order. */
  readonly denials: readonly Denial[];
  /** How many calls were let in or refused, by method, caller, actors and the reason of the refusal. */
  readonly calls: readonly UsageCount[];
  /**
   * Serves a service, each method under its policy, without a port.
   *
   * @param service - The generated definition.
   * @param implementation - A handler for each method.
   * @param options - The name of the bot that serves, and its limits.
   * @returns The server.
   * @throws An `Error` when the policy of a method is missing or unsound, or when a handler is missing.
   *
   * @example
   * ```ts
   * await fleet.serve(GripperService, gripper, { name: "gripper/1" });
   * ```
   */
  serve<S extends ServiceDefinition>(
    service: S,
    implementation: Implementation<S>,
    options: TestServeOptions<S>,
  ): Promise<TestServer>;
  /**
   * Creates a client of a service for any caller: its certificate and its tokens are made up, and verified as always. It looks the
   * service up with each call, so it may be made before the service is served.
   *
   * @param service - The generated definition.
   * @param options - The caller.
   * @returns The client, whose calls reject with `NOT_FOUND` while no bot serves the service.
   * @throws InterlockError `INVALID_ARGUMENT` for a malformed option, an `Error` for a malformed name.
   *
   * @example
   * ```ts
   * const arm = fleet.client(GripperService, { as: "arm/1", scopes: ["gripper:actuate"] });
   * await arm.grip({ newtons: 4 });
   * ```
   */
  client<S extends ServiceDefinition>(service: S, options: TestClientOptions): Client<S>;
  /**
   * Revokes a bot. Its connections and calls end at once, with `IDENTITY_REVOKED`, and it gets no new ones.
   *
   * @param name - Its name.
   */
  revoke(name: string): void;
  /**
   * Takes a revocation back.
   *
   * @param name - The name of the bot.
   */
  unrevoke(name: string): void;
  /**
   * Has nothing be heard of the authority, or something again. After 60 s of silence by the clock of the fleet, methods of high risk are
   * refused with `TRUST_STALE`.
   *
   * @param silent - Whether the authority is silent. Default: true.
   */
  silenceAuthority(silent?: boolean): void;
  /** Closes all clients and servers, without waiting for calls. */
  close(): Promise<void>;
  /** Closes the fleet at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

interface MemoryClient {
  readonly connector: Connector;
  release(): void;
}

/** The time without the authority after which trust is stale, in milliseconds: the default of an authority. */
const staleAfterMs = 60_000;

/**
 * Makes a fleet in this process, for tests: a CA, a token key, revocations and a clock in memory. Calls run as they do between bots
 * — mutual TLS, HTTP/2, token verification, the admission chain, codecs — over pairs of streams in place of sockets.
 *
 * @param options - The grants, and the time to begin at.
 * @returns The fleet. Close it at the end of the test; what is not closed keeps no process alive.
 *
 * @example
 * ```ts
 * const fleet = await createTestFleet();
 * await fleet.serve(GripperService, gripper, { name: "gripper/1" });
 * await fleet.client(GripperService, { as: "arm/1", scopes: ["gripper:actuate"] }).grip({ newtons: 4 });
 * await fleet.close();
 * ```
 */
export async function createTestFleet(options: TestFleetOptions = {}): Promise<TestFleet> {
  const { trustDomain = "test", log = silentLog } = options;
  const grants = options.grants === undefined ? [] : parseGrants(options.grants);
  const clock = createManualClock(options.now, moved);
  const ca = createTestCa(clock.now());
  const issuer = `https://${trustDomain}`;
  const signer = createTokenSigner(issuer, clock);
  const trust = createTrust(
    {
      version: 1n,
      trustDomain,
      issuer,
      caCertificates: [ca.der],
      jwks: { keys: [signer.jwk] },
      revocations: [],
      staleAfterMs,
    },
    clock,
  );
  const recorder = createRecorder();
  const denials: Denial[] = [];
  recorder.onDenial((denial) => denials.push(denial));
  const identities = new Map<string, Identity>();
  const servers = new Set<MemoryServer>();
  const clients = new Set<MemoryClient>();
  const counted = new Map<string, UsageCount>();
  let silent = false;
  let closing: Promise<void> | undefined;

  /** Timers of Node do not know of the clock, so what they would do in time is done here. */
  function moved(): void {
    if (!silent) trust.touch();
    else trust.onStaleness(() => {})(); // It looks whether the trust has become stale.
    for (const server of servers) server.review();
  }

  function identityOf(name: string): Identity {
    const known = identities.get(name) ?? ca.issue(spiffeId(trustDomain, name).uri);
    identities.set(name, known);
    return known;
  }

  function setRevoked(name: string, revoked: boolean): void {
    const { uri } = spiffeId(trustDomain, name);
    const others = trust.state.revocations.filter(({ subject }) => subject !== uri);
    const revocation = { kind: "identity", subject: uri, revokedAt: clock.now(), reason: "test" } as const;
    const revocations = revoked ? [...others, revocation] : others;
    trust.replace({ ...trust.state, version: trust.state.version + 1n, revocations });
  }

  /** The server to call: one that is expected, or else one that the client is going to refuse. */
  function find(service: ServiceDefinition, expected: readonly string[]): MemoryServer {
    const serving = [...servers].filter((server) => server.service.name === service.name);
    const isExpected = ({ name }: MemoryServer) => expected.some((pattern) => matchesIdentity(pattern, name));
    const found = serving.find(isExpected) ?? serving[0];
    if (!found)
      throw new InterlockError("NOT_FOUND", `No bot of the test fleet serves ${service.name}: call serve first.`);
    return found;
  }

  async function closeAll(): Promise<void> {
    for (const { release } of clients) release();
    await Promise.all([...servers].map((server) => server.close(0)));
    servers.clear();
  }

  const fleet: TestFleet = {
    clock,
    denials,
    get calls() {
      for (const row of recorder.take()) addUp(counted, row);
      return [...counted.values()];
    },
    async serve(service, implementation, { name, ...limits }) {
      refuseWhenClosed();
      const parts = { identity: identityOf(name), trust, recorder, clock, log };
      const server = createMemoryServer(service, implementation, parts, limits);
      servers.add(server);
      return {
        name,
        close(graceMs = 1_000) {
          servers.delete(server);
          return server.close(graceMs);
        },
      };
    },
    client<S extends ServiceDefinition>(
      service: S,
      { as, scopes, through = [], ...given }: TestClientOptions,
    ): Client<S> {
      refuseWhenClosed();
      checkClientOptions(given);
      const caller = spiffeId(trustDomain, as);
      const actors = through.map((name) => spiffeId(trustDomain, name));
      const holder = identityOf(through[0] ?? as);
      const held = new Set<string>(scopes ?? (grantedScopes(grants, as, service.name) as ReadonlySet<Scope>));
      const expected = given.server === undefined ? expectedServers(service, through[0] ?? as) : [given.server];
      const connector = createMemoryConnector({
        ...given,
        identity: holder,
        trust,
        recorder,
        clock,
        log,
        servers: expected,
        find: () => find(service, expected),
        sign: (wanted) =>
          signer.sign({
            holder,
            caller,
            actors,
            audience: service.name,
            scopes: wanted.filter((scope) => held.has(scope)),
          }),
      });
      const made: MemoryClient = {
        connector,
        release() {
          clients.delete(made);
          connector.close();
        },
      };
      clients.add(made);
      return createClient(service, connector, made.release, given);
    },
    revoke: (name) => setRevoked(name, true),
    unrevoke(name) {
      setRevoked(name, false);
      for (const { connector } of clients) connector.reconnect(); // The connection that was cut off takes a moment to close.
    },
    silenceAuthority(on = true) {
      silent = on;
      if (!silent) trust.touch();
    },
    close: () => (closing ??= closeAll()),
    [Symbol.asyncDispose]: () => fleet.close(),
  };

  function refuseWhenClosed(): void {
    if (closing) throw new InterlockError("FAILED_PRECONDITION", "The test fleet has been closed.");
  }
  return fleet;
}

function addUp(counted: Map<string, UsageCount>, row: UsageCount): void {
  const key = JSON.stringify([row.method, row.caller, row.actors, row.denial]);
  const known = counted.get(key);
  const sum = known && { ...row, count: known.count + row.count, firstAt: known.firstAt };
  counted.set(key, sum ?? row);
}
