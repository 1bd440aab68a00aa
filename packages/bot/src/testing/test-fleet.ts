import { randomUUID } from "node:crypto";
import type { Method, MethodKind, Policy, Scope, ServiceDefinition } from "@interlock/policy";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type Clock, systemClock } from "../base/clock.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import { createRecorder, type Recorder } from "../base/recorder.js";
import { type Bot, type BotParts, createBot } from "../bot.js";
import { ErrorInfo } from "../gen/google/rpc/status.js";
import type { Identity } from "../identity/identity.js";
import type { Revocation } from "../trust/revocation.js";
import { createTrust, type MutableTrust } from "../trust/trust.js";
import { createTestCa, type TestCa } from "./test-ca.js";

/** A fleet without an authority process: a CA, a token key and trust, all in memory. Tests make any token with it. */
export interface TestFleet {
  readonly ca: TestCa;
  readonly trust: MutableTrust;
  readonly recorder: Recorder;
  /** A member; its tokens hold every scope that the service asks for. With `scopes`, only those. */
  bot(name: string, scopes?: readonly Scope[], parts?: Partial<BotParts>): Promise<Bot>;
  /** A signed token; `claims` and `header` replace what a good one holds, `undefined` leaves a claim out. */
  token(
    identity: Identity,
    audience: string,
    scopes: readonly string[],
    claims?: object,
    header?: object,
  ): Promise<string>;
  revoke(kind: Revocation["kind"], subject: string): void;
}

/** Makes a fleet of the trust domain `test`. */
export async function createTestFleet(clock: Clock = systemClock): Promise<TestFleet> {
  const ca = await createTestCa();
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "key-1", alg: "ES256" };
  const issuer = "https://test";
  const trust = createTrust(
    {
      version: 1n,
      trustDomain: "test",
      issuer,
      caCertificates: [ca.der],
      jwks: { keys: [jwk] },
      revocations: [],
      staleAfterMs: 60_000,
    },
    clock,
  );
  const recorder = createRecorder();

  const fleet: TestFleet = {
    ca,
    trust,
    recorder,
    async bot(name, scopes, parts) {
      const identity = createObservable(await ca.issue(`spiffe://test/${name}`));
      return createBot({
        identity,
        trust,
        recorder,
        clock,
        log: silentLog,
        tokens: {
          authorization: async (audience, wanted, holder) =>
            `Bearer ${await fleet.token(holder, audience, scopes ?? wanted)}`,
          forget() {},
        },
        ...parts,
      });
    },
    token(identity, audience, scopes, claims = {}, header = {}) {
      const now = Math.floor(clock.now() / 1_000);
      const good = {
        iss: issuer,
        aud: audience,
        sub: identity.spiffeId.uri,
        iat: now,
        exp: now + 300,
        jti: randomUUID(),
        scope: scopes.join(" "),
        cnf: { "x5t#S256": identity.leaf.thumbprint },
      };
      return new SignJWT({ ...good, ...claims })
        .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "key-1", ...header })
        .sign(privateKey);
    },
    revoke(kind, subject) {
      const { state } = trust;
      const revocation = { kind, subject, revokedAt: clock.now(), reason: "test" };
      trust.replace({ ...state, version: state.version + 1n, revocations: [...state.revocations, revocation] });
    },
  };
  return fleet;
}

const policy: Policy = {
  scopes: ["echo:call"],
  anyBot: false,
  purpose: "Test.",
  risk: "low",
  dataClasses: [],
  callers: [],
};

function method<Kind extends MethodKind>(
  name: string,
  kind: Kind,
  more: Partial<Policy> = {},
): Method<ErrorInfo, ErrorInfo, Kind> {
  const path = `/test.EchoService/${name}`;
  return { path, kind, request: ErrorInfo, response: ErrorInfo, policy: { ...policy, ...more } };
}

/** A service with a method of each kind, for tests. */
export const EchoService = {
  name: "test.EchoService",
  servedBy: [] as readonly string[],
  methods: {
    echo: method("Echo", "unary"),
    count: method("Count", "serverStreaming"),
    join: method("Join", "clientStreaming"),
    chat: method("Chat", "bidiStreaming"),
    open: method("Open", "unary", { scopes: [], anyBot: true }),
    reset: method("Reset", "unary", { scopes: ["echo:reset"], risk: "high" }),
  },
} satisfies ServiceDefinition;
