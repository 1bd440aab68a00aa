import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificate, InterlockError } from "@interlock/bot";
import type { VerifiedToken } from "@interlock/bot/internal";
import { AdminService } from "@interlock/bot/protocol";
import { type Scope, spiffeId } from "@interlock/policy";
import { decodeJwt } from "jose";
import { createKeyFolder } from "../key-vault/key-folder.js";
import { createKeyVault } from "../key-vault/key-vault.js";
import { openStore } from "../store/open-store.js";
import type { Store } from "../store/store.js";
import { type ExchangeRequest, exchangeToken } from "./exchange-token.js";
import { loadOrCreateTokenSigner, type TokenSigner } from "./token-signer.js";

const now = Date.UTC(2030, 0, 1);
const front = "cafe.v1.FrontService";
const back = "cafe.v1.BackService";
const certificate = { thumbprint: "of-the-gateway", notAfter: now + 3_600_000 } as Certificate;
const grant = (identity: string, service: string, scope: Scope) => ({ identity, service, scope });

const subjectToken: VerifiedToken = {
  jti: "parent",
  subject: spiffeId("cafe", "alice/1"),
  name: "alice/1",
  actors: [],
  ancestors: [],
  thumbprint: "of-alice",
  key: { kty: "EC", kid: "k" },
  audiences: new Set([front]),
  scopes: new Set(["item:read", "item:write"]),
  narrowed: new Map(),
  grantsVersion: 1,
  issuedAt: now - 60_000,
  expiresAt: now + 100_000,
};

describe("exchangeToken", () => {
  let folder: string;
  let store: Store;
  let signer: TokenSigner;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-exchange-"));
    store = await openStore(folder);
    signer = await loadOrCreateTokenSigner(store, { now: () => now }, createKeyVault(createKeyFolder(folder)));
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const request = (change: Partial<ExchangeRequest> = {}): ExchangeRequest => ({
    signer,
    grants: [
      grant("gateway/*", front, "token:exchange"),
      grant("gateway/*", back, "token:exchange"),
      grant("gateway/*", back, "item:delete"),
      grant("alice/*", back, "item:read"),
      grant("alice/*", back, "item:delete"),
    ],
    grantsVersion: 7,
    issuer: "https://auth.cafe",
    caller: { spiffeId: spiffeId("cafe", "gateway/1"), certificate },
    subjectToken,
    audience: back,
    scopes: [],
    ttlMs: 300_000,
    now,
    ...change,
  });
  const refused = (change: Partial<ExchangeRequest>, reason: string | undefined, code: string) =>
    assert.rejects(exchangeToken(request(change)), (error) => {
      assert.ok(error instanceof InterlockError);
      assert.deepEqual([error.reason, error.code], [reason, code], error.message);
      return true;
    });

  it("gives what the token holds and its subject is granted, to the caller to act with", async () => {
    const { token, jti, scopes, expiresAt } = await exchangeToken(request());
    assert.deepEqual(scopes, ["item:read"]);
    assert.deepEqual(decodeJwt(token), {
      iss: "https://auth.cafe",
      sub: "spiffe://cafe/alice/1",
      act: { sub: "spiffe://cafe/gateway/1" },
      client_id: "spiffe://cafe/gateway/1",
      aud: back,
      iat: now / 1_000,
      exp: now / 1_000 + 100,
      jti,
      scope: "item:read",
      grants_version: 7,
      exchanged_from: ["parent"],
      cnf: { "x5t#S256": "of-the-gateway" },
    });
    assert.equal(expiresAt, subjectToken.expiresAt, "it does not outlive the one it came of");
  });

  it("takes the conditions of the token along, with those of the grants at the new service", async () => {
    const grants = [
      ...request().grants.filter(({ identity }) => identity === "gateway/*"),
      { ...grant("alice/*", back, "item:read"), where: "count <= 3" },
      grant("alice/*", back, "item:write"),
    ];
    const narrowed = new Map([["item:write", ["gently", "newtons <= 5"]]]);
    const shown = { ...subjectToken, scopes: new Set(["item:read"]), narrowed };
    const { token, scopes } = await exchangeToken(request({ grants, subjectToken: shown }));
    assert.deepEqual(scopes, ["item:read", "item:write"]);
    const claims = decodeJwt(token);
    assert.equal(claims.scope, "");
    assert.deepEqual(claims.narrowed_scope, { "item:read": ["count <= 3"], "item:write": ["gently", "newtons <= 5"] });
    // Again, by the next bot: the same condition once, and none is left behind by asking for the scope alone.
    const next = { ...shown, scopes: new Set<string>(), narrowed: new Map([["item:read", ["count <= 3"]]]) };
    const again = await exchangeToken(request({ grants, subjectToken: next, scopes: ["item:read"] }));
    assert.deepEqual(decodeJwt(again.token).narrowed_scope, { "item:read": ["count <= 3"] });
    await refused({ grants, subjectToken: next, scopes: ["item:write"] }, "SCOPE_WIDENED", "PERMISSION_DENIED");
  });

  it("lets nobody act that may act under a condition only", async () => {
    const grants = request().grants.map((one) =>
      one.scope === "token:exchange" && one.service === back ? { ...one, where: "true" } : one,
    );
    await refused({ grants }, "ACTOR_NOT_ALLOWED", "PERMISSION_DENIED");
  });

  it("expires with the caller's certificate at the latest", async () => {
    const caller = { ...request().caller, certificate: { ...certificate, notAfter: now + 9_000 } };
    assert.equal((await exchangeToken(request({ caller }))).expiresAt, now + 9_000);
  });

  it("puts the caller in front of the earlier actors", async () => {
    const actors = [spiffeId("cafe", "edge/1")];
    const { token } = await exchangeToken(
      request({ subjectToken: { ...subjectToken, actors, ancestors: ["grandparent"] } }),
    );
    const { sub, act, exchanged_from } = decodeJwt(token);
    assert.equal(sub, "spiffe://cafe/alice/1");
    assert.deepEqual(act, { sub: "spiffe://cafe/gateway/1", act: { sub: "spiffe://cafe/edge/1" } });
    assert.deepEqual(exchanged_from, ["parent", "grandparent"]);
  });

  it("row 24: widens no scope, for any grantee", async () => {
    await refused({ scopes: ["item:read", "item:delete"] }, "SCOPE_WIDENED", "PERMISSION_DENIED");
    await refused({ scopes: ["item:write"] }, "NO_GRANT", "PERMISSION_DENIED");
    await refused({ grants: request().grants.slice(0, 3) }, "NO_GRANT", "PERMISSION_DENIED");
  });

  it("row 24: lets no fourth bot act", async () => {
    const actors = ["edge/1", "edge/2", "edge/3"].map((name) => spiffeId("cafe", name));
    assert.ok(await exchangeToken(request({ subjectToken: { ...subjectToken, actors: actors.slice(1) } })));
    await refused({ subjectToken: { ...subjectToken, actors } }, "ACTOR_CHAIN_TOO_LONG", "PERMISSION_DENIED");
  });

  it("lets a bot act only if it is granted that at both services", async () => {
    const { grants } = request();
    for (const service of [front, back]) {
      const without = grants.filter((g) => !(g.scope === "token:exchange" && g.service === service));
      await refused({ grants: without }, "ACTOR_NOT_ALLOWED", "PERMISSION_DENIED");
    }
    const caller = { ...request().caller, spiffeId: spiffeId("cafe", "alice/1") };
    await refused({ caller }, "ACTOR_NOT_ALLOWED", "PERMISSION_DENIED");
    const several = { ...subjectToken, audiences: new Set([front, back]) };
    await refused({ subjectToken: several }, undefined, "INVALID_ARGUMENT");
    await refused({ subjectToken: { ...subjectToken, audiences: new Set() } }, undefined, "INVALID_ARGUMENT");
  });

  it("lets no bot act for an operator at the authority", async () => {
    const operator = { ...subjectToken, subject: spiffeId("cafe", "operator/a"), scopes: new Set(["bots:revoke"]) };
    const grants = [
      ...request().grants,
      grant("gateway/*", AdminService.name, "token:exchange"),
      grant("operator/*", AdminService.name, "bots:revoke"),
    ];
    const change = { subjectToken: operator, grants, audience: AdminService.name };
    await refused(change, "ACTOR_NOT_ALLOWED", "PERMISSION_DENIED");
  });
});
