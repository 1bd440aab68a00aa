import type { Identity, Reason } from "@interlock/bot";
import { certificatesToPem, reasons } from "@interlock/bot";
import { certificateAttacks, createTestFleet, EchoService, type TestFleet, tokenAttacks } from "@interlock/bot/testing";
import { type Policy, type ServiceDefinition, servedManifest } from "@interlock/policy";

/** The file that every language replays: a server, and calls with the expected answers. */
export interface CaseFile {
  /** The time at which the cases are played, in milliseconds since the epoch. Each server has that for its clock. */
  readonly now: number;
  /** In the form of `trust.json`. */
  readonly trust: Readonly<Record<string, unknown>>;
  /** Key and certificate of the server, PEM. */
  readonly server: string;
  /** In the form of `interlock.manifest.json`. */
  readonly manifest: object;
  readonly cases: readonly Case[];
}

/** One call. */
export interface Case {
  /** The row of the security contract, or a word for a control. Each row has a server of its own. */
  readonly row: string;
  readonly name: string;
  /** Key and certificate of the caller, PEM. */
  readonly caller: string;
  readonly path: string;
  readonly authorization?: string;
  /** What of the trust is different, in the form of `trust.json`. */
  readonly trust?: Readonly<Record<string, unknown>>;
  /** Whether the trust is stale. */
  readonly stale?: boolean;
  /** How far the server's clock is ahead, in milliseconds. */
  readonly aheadMs?: number;
  /** How often it is called; the last answer counts. Default: once. */
  readonly times?: number;
  /** Whether the peer itself is refused. A server that judges peers in the handshake closes the connection then: 14. */
  readonly peer?: boolean;
  /** The gRPC status; 14 also stands for a connection that is refused. */
  readonly code: number;
  readonly reason?: Reason;
  /** For a certificate: what the server may record, since TLS may find something first. */
  readonly recorded?: readonly string[];
}

const audience = EchoService.name;
const codes = { UNAUTHENTICATED: 16, PERMISSION_DENIED: 7, UNIMPLEMENTED: 12, UNAVAILABLE: 14, RESOURCE_EXHAUSTED: 8 };
const codeOf = (reason: Reason) => codes[reasons[reason][0] as keyof typeof codes];
const pemOf = ({ privateKey, chain }: Pick<Identity, "privateKey" | "chain">) => privateKey + certificatesToPem(chain);

const base: Policy = {
  scopes: ["echo:call"],
  anyBot: false,
  purpose: "Test.",
  risk: "low",
  dataClasses: [],
  callers: [],
};
const more = {
  only: { ...base, callers: ["admin/*"] },
  old: { ...base, deprecation: { since: "2020-01-01", sunset: "2021-01-01", replacement: `${audience}/Echo` } },
  rare: { ...base, rate: { perSecond: 0.01, burst: 2 } },
  approved: { ...base, approval: "everyCall" },
  agents: { ...base, approval: "delegated" },
} satisfies Record<string, Policy>;

/** The service of the cases: the echo service, and methods with each kind of policy. */
export const CaseService = {
  ...EchoService,
  methods: {
    ...EchoService.methods,
    only: { ...EchoService.methods.echo, path: `/${audience}/Only`, policy: more.only },
    old: { ...EchoService.methods.echo, path: `/${audience}/Old`, policy: more.old },
    rare: { ...EchoService.methods.echo, path: `/${audience}/Rare`, policy: more.rare },
    approved: { ...EchoService.methods.echo, path: `/${audience}/Approved`, policy: more.approved },
    agents: { ...EchoService.methods.echo, path: `/${audience}/Agents`, policy: more.agents },
  },
};

/** A service that is called through its gateway. */
export const BehindService = {
  name: "test.BehindService",
  servedBy: [] as readonly string[],
  via: ["gateway/*"],
  methods: {
    echo: { ...EchoService.methods.echo, path: "/test.BehindService/Echo" },
    open: { ...EchoService.methods.open, path: "/test.BehindService/Open" },
  },
} satisfies ServiceDefinition;

const paths = {
  echo: EchoService.methods.echo.path,
  open: EchoService.methods.open.path,
  reset: EchoService.methods.reset.path,
  only: `/${audience}/Only`,
  old: `/${audience}/Old`,
  rare: `/${audience}/Rare`,
  approved: `/${audience}/Approved`,
  agents: `/${audience}/Agents`,
};

/** Makes the cases, from the same builders as the security contract. Tokens in them are valid for five minutes. */
export async function makeCases(): Promise<CaseFile> {
  const fleet = await createTestFleet();
  const caller = await fleet.ca.issue("spiffe://test/caller/1");
  const server = await fleet.ca.issue("spiffe://test/echo/1", { dns: ["echo--1.test.interlock.invalid"] });
  const { state } = fleet.trust;
  const cases = [
    ...(await tokenCases(fleet, caller)),
    ...(await policyCases(fleet, caller)),
    ...(await certificateCases(fleet)),
  ];
  return {
    now: Date.now(), // After the last token: those that have expired have done so.
    trust: {
      ...state,
      version: String(state.version),
      caCertificates: state.caCertificates.map((der) => Buffer.from(der).toString("base64")),
    },
    server: pemOf(server),
    manifest: servedManifest([CaseService, BehindService]),
    cases,
  };
}

async function tokenCases(fleet: TestFleet, caller: Identity): Promise<Case[]> {
  const made: Case[] = [];
  for (const { row, attack, reason, make } of tokenAttacks) {
    const authorization = await make({ fleet, caller, url: "http://127.0.0.1:1/" });
    const shown = authorization === undefined ? {} : { authorization };
    const name = { row: String(row), name: attack, caller: pemOf(caller), path: paths.echo };
    made.push({ ...name, ...shown, code: codeOf(reason), reason });
  }
  return made;
}

async function certificateCases(fleet: TestFleet): Promise<Case[]> {
  const made: Case[] = [];
  for (const { row, attack, reason, overTls, make } of certificateAttacks) {
    if (overTls === "not sent") continue;
    const leaf = await make(fleet.ca);
    made.push({
      row: String(row),
      name: attack,
      caller: pemOf(leaf as Identity),
      path: paths.open,
      code: 14,
      reason,
      recorded: [reason, overTls ?? reason],
    });
  }
  return made;
}

async function policyCases(fleet: TestFleet, caller: Identity): Promise<Case[]> {
  const other = await fleet.ca.issue("spiffe://test/other/1");
  const [me, subject] = [caller.spiffeId.uri, other.spiffeId.uri];
  const bearer = async (claims: object = {}, scopes = ["echo:call"], header: object = {}) =>
    `Bearer ${await fleet.token(caller, audience, scopes, { jti: "id-1", ...claims }, header)}`;
  const revoked = (kind: string, what: string) => ({
    revocations: [{ kind, subject: what, revokedAt: 0, reason: "" }],
  });
  const cut = (change: object = {}) => ({
    cutOffs: [{ identity: "caller/*", service: audience, scope: "echo:call", grantsVersion: 4, except: [], ...change }],
  });
  const narrowed = (conditions: unknown, scopes?: string[]) =>
    bearer({ narrowed_scope: { "echo:call": conditions } }, scopes);
  const good = await bearer();
  const acting = await bearer({ sub: subject, act: { sub: me } });
  const gateway = await fleet.ca.issue("spiffe://test/gateway/1");
  const behind = { path: BehindService.methods.echo.path };
  const tokenBehind = (holder: Identity, claims: object = {}) =>
    fleet.token(holder, BehindService.name, ["echo:call"], claims).then((token) => `Bearer ${token}`);
  const throughGateway = await tokenBehind(gateway, { sub: me, act: { sub: gateway.spiffeId.uri } });
  const around = await tokenBehind(caller);
  const resetting = await bearer({}, ["echo:reset"]);
  const chain = (depth: number): object => (depth === 1 ? { sub: me } : { sub: me, act: chain(depth - 1) });
  const key = fleet.trust.state.jwks.keys[0] ?? {};

  type Row = readonly [row: string, name: string, answer: Reason | number, more: Partial<Case>];
  const rows: readonly Row[] = [
    ["control", "a good call", 0, { authorization: good }],
    ["control", "a method for any bot, without a token", 0, { path: paths.open }],
    ["control", "a scheme in another case", 0, { authorization: good.replace("Bearer", "bearer") }],
    ["control", "a bot that acts for another", 0, { authorization: acting }],
    ["control", "trust that is stale, and a method of low risk", 0, { authorization: good, stale: true }],
    ["control", "a method of high risk", 0, { authorization: resetting, path: paths.reset }],
    [
      "control",
      "a token of a former issuer",
      0,
      {
        authorization: await bearer({ iss: "https://former" }),
        trust: { formerIssuers: ["https://former"] },
      },
    ],
    ["control", "two calls of a method with a rate", 0, { authorization: good, path: paths.rare, times: 2 }],
    ["control", "a cut-off that spares the caller", 0, { authorization: good, trust: cut({ except: ["caller/1"] }) }],
    ["control", "a cut-off of another service", 0, { authorization: good, trust: cut({ service: "test.Other" }) }],
    ["control", "a cut-off of another scope", 0, { authorization: good, trust: cut({ scope: "echo:reset" }) }],
    [
      "control",
      "a cut-off before the token",
      0,
      {
        authorization: await bearer({ grants_version: 4 }),
        trust: cut(),
      },
    ],
    ["control", "another bot is revoked", 0, { authorization: good, trust: revoked("identity", subject) }],
    [
      "23",
      "the caller is revoked",
      "IDENTITY_REVOKED",
      {
        authorization: good,
        trust: revoked("identity", me),
        peer: true,
      },
    ],
    [
      "23",
      "its pattern is revoked",
      "IDENTITY_REVOKED",
      {
        authorization: good,
        trust: revoked("pattern", "caller/*"),
        peer: true,
      },
    ],
    [
      "23",
      "every bot is revoked",
      "IDENTITY_REVOKED",
      {
        authorization: good,
        trust: revoked("pattern", "**"),
        peer: true,
      },
    ],
    [
      "23",
      "its certificate is revoked",
      "CERTIFICATE_REVOKED",
      {
        authorization: good,
        trust: revoked("certificate", caller.leaf.serial),
        peer: true,
      },
    ],
    [
      "23",
      "the caller is revoked, and the method needs no token",
      "IDENTITY_REVOKED",
      {
        path: paths.open,
        trust: revoked("identity", me),
        peer: true,
      },
    ],
    ["23", "its token is revoked", "TOKEN_REVOKED", { authorization: good, trust: revoked("token", "id-1") }],
    [
      "23",
      "the token that it was exchanged from is revoked",
      "TOKEN_REVOKED",
      {
        authorization: await bearer({ exchanged_from: ["id-0"] }),
        trust: revoked("token", "id-0"),
      },
    ],
    [
      "23",
      "the bot that is acted for is revoked",
      "IDENTITY_REVOKED",
      {
        authorization: acting,
        trust: revoked("identity", subject),
      },
    ],
    [
      "23",
      "the signing key is withdrawn",
      "TOKEN_KEY_UNKNOWN",
      {
        authorization: good,
        trust: { jwks: { keys: [{ ...key, kid: "key-9" }] } },
      },
    ],
    ["23", "a scope is withdrawn", "TOKEN_OUTDATED", { authorization: good, trust: cut() }],
    [
      "23",
      "any scope of any service is withdrawn",
      "TOKEN_OUTDATED",
      {
        authorization: await bearer({ grants_version: 3 }),
        trust: cut({ scope: "", service: "" }),
      },
    ],
    [
      "23",
      "the right to act is withdrawn",
      "TOKEN_OUTDATED",
      {
        authorization: acting,
        trust: cut({ scope: "token:exchange", service: "" }),
      },
    ],
    [
      "24",
      "a token for another bot to act with",
      "TOKEN_ACTOR_MISMATCH",
      {
        authorization: await bearer({ sub: me, act: { sub: subject } }),
      },
    ],
    ["24", "an actor that is null", "TOKEN_MALFORMED", { authorization: await bearer({ act: null }) }],
    ["24", "an actor that is text", "TOKEN_MALFORMED", { authorization: await bearer({ act: me }) }],
    ["24", "an actor without a name", "TOKEN_MALFORMED", { authorization: await bearer({ act: {} }) }],
    ["24", "four actors", "ACTOR_CHAIN_TOO_LONG", { authorization: await bearer({ sub: subject, act: chain(4) }) }],
    [
      "24",
      "ancestors that are no list",
      "TOKEN_MALFORMED",
      { authorization: await bearer({ exchanged_from: "id-0" }) },
    ],
    ["control", "a method that is delegated", 0, { authorization: await bearer({ methods: ["Echo"] }) }],
    ["control", "a method that waits for agents only", 0, { authorization: good, path: paths.agents }],
    [
      "66",
      "a method that is not delegated",
      "METHOD_NOT_DELEGATED",
      { authorization: await bearer({ delegation: "dlg-1", methods: ["Join"] }) },
    ],
    ["66", "no method at all", "METHOD_NOT_DELEGATED", { authorization: await bearer({ methods: [] }) }],
    ["66", "methods that are text", "TOKEN_MALFORMED", { authorization: await bearer({ methods: "Echo" }) }],
    ["66", "methods that are null", "TOKEN_MALFORMED", { authorization: await bearer({ methods: null }) }],
    ["66", "a delegation that is a number", "TOKEN_MALFORMED", { authorization: await bearer({ delegation: 1 }) }],
    ["66", "a delegation that is empty", "TOKEN_MALFORMED", { authorization: await bearer({ delegation: "" }) }],
    [
      "66",
      "a delegation above it is revoked",
      "TOKEN_REVOKED",
      {
        authorization: await bearer({ delegation: "dlg-2", exchanged_from: ["dlg-2", "dlg-1"] }),
        trust: revoked("token", "dlg-1"),
      },
    ],
    ["68", "a call that waits for an operator", "APPROVAL_REQUIRED", { authorization: good, path: paths.approved }],
    [
      "68",
      "a call under a delegation that waits for an operator",
      "APPROVAL_REQUIRED",
      { authorization: await bearer({ delegation: "dlg-1" }), path: paths.agents },
    ],
    ["68", "an approval that is text", "TOKEN_MALFORMED", { authorization: await bearer({ approval: "apr-1" }) }],
    [
      "68",
      "an approval without a request",
      "TOKEN_MALFORMED",
      { authorization: await bearer({ approval: { id: "a" } }) },
    ],
    ["25", "a scope is missing", "SCOPE_MISSING", { authorization: good, path: paths.reset }],
    ["25", "no scope at all", "SCOPE_MISSING", { authorization: await bearer({ scope: undefined }) }],
    ["25", "scopes that are a list", "SCOPE_MISSING", { authorization: await bearer({ scope: ["echo:call"] }) }],
    ["25", "a scope in another case", "SCOPE_MISSING", { authorization: await bearer({}, ["Echo:call"]) }],
    [
      "71",
      "a scope under a condition, at a server that does not look at requests",
      "ARGUMENT_NOT_ALLOWED",
      { authorization: await narrowed(["true"], []) },
    ],
    ["71", "the same scope also without one", "ARGUMENT_NOT_ALLOWED", { authorization: await narrowed(["true"]) }],
    ["71", "conditions that are a list", "TOKEN_MALFORMED", { authorization: await bearer({ narrowed_scope: [] }) }],
    ["71", "conditions that are null", "TOKEN_MALFORMED", { authorization: await bearer({ narrowed_scope: null }) }],
    ["71", "a condition that is no list", "TOKEN_MALFORMED", { authorization: await narrowed("true") }],
    ["71", "no condition", "TOKEN_MALFORMED", { authorization: await narrowed([]) }],
    ["71", "an empty condition", "TOKEN_MALFORMED", { authorization: await narrowed([""]) }],
    ["25", "a caller that the method does not allow", "CALLER_NOT_ALLOWED", { authorization: good, path: paths.only }],
    ["26", "a method that is not there", 12, { authorization: good, path: `/${audience}/Nothing` }],
    ["26", "a method in another case", 12, { authorization: good, path: `/${audience}/echo` }],
    ["26", "a query", 12, { authorization: good, path: `${paths.echo}?x` }],
    ["26", "two slashes", 12, { authorization: good, path: `/${paths.echo}` }],
    ["26", "an encoded slash", 12, { authorization: good, path: `/${audience}%2fEcho` }],
    ["27", "a gateway", 0, { ...behind, caller: pemOf(gateway), authorization: throughGateway }],
    ["27", "around the gateway", "GATEWAY_REQUIRED", { ...behind, authorization: around }],
    ["27", "around the gateway, with its token", "GATEWAY_REQUIRED", { ...behind, authorization: throughGateway }],
    ["27", "around the gateway, without a token", "GATEWAY_REQUIRED", behind],
    [
      "27",
      "around the gateway, to a method for any bot",
      "GATEWAY_REQUIRED",
      { path: BehindService.methods.open.path },
    ],
    [
      "28",
      "stale trust, and a method of high risk",
      "TRUST_STALE",
      {
        authorization: resetting,
        path: paths.reset,
        stale: true,
      },
    ],
    ["29", "over the rate of a method", "RATE_LIMITED", { authorization: good, path: paths.rare, times: 3 }],
    ["34", "a method past its sunset", "METHOD_SUNSET", { authorization: good, path: paths.old }],
    ["34", "a method past its sunset, without a token", "METHOD_SUNSET", { path: paths.old }],
    ["34", "a retired method", "METHOD_RETIRED", { authorization: good, trust: { retired: [paths.echo.slice(1)] } }],
    ["34", "a method of a retired service", "METHOD_RETIRED", { trust: { retired: [`${audience}/*`] } }],
    ["20", "a good token, five minutes later", "TOKEN_EXPIRED", { authorization: good, aheadMs: 300_000 }],
    ["16", "a bad token where none is needed", "TOKEN_NOT_BEARER", { authorization: "Basic x", path: paths.open }],
  ];
  return rows.map(([row, name, answer, change]) => ({
    row,
    name,
    caller: pemOf(caller),
    path: paths.echo,
    ...(typeof answer === "number" ? { code: answer } : { code: codeOf(answer), reason: answer }),
    ...change,
  }));
}
