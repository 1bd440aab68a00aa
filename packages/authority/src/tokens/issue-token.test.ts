import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificate, InterlockError } from "@interlock/bot";
import { spiffeId } from "@interlock/policy";
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { createKeyFolder } from "../key-vault/key-folder.js";
import { createKeyVault } from "../key-vault/key-vault.js";
import { openStore } from "../store/open-store.js";
import type { Store } from "../store/store.js";
import { issueToken, type TokenRequest } from "./issue-token.js";
import { loadOrCreateTokenSigner, type TokenSigner } from "./token-signer.js";

const now = Date.UTC(2030, 0, 1) + 700;
const clock = { now: () => now };
const service = "cafe.v1.GripperService";
const issuer = "spiffe://cafe/interlock/authority";
const certificate: Certificate = {
  der: new Uint8Array(),
  thumbprint: "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2",
  serial: "4f",
  notBefore: now - 1_000,
  notAfter: now + 3_600_000,
  uris: [],
  isCa: false,
  maySign: false,
  pathLength: Number.POSITIVE_INFINITY,
  mayIssue: false,
  mayAuthenticate: true,
  strongKey: true,
  strongSignature: true,
  selfIssued: false,
  usages: [],
};

describe("issueToken", () => {
  let folder: string;
  let store: Store;
  let signer: TokenSigner;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-tokens-"));
    store = await openStore(folder);
    signer = await loadOrCreateTokenSigner(store, clock, vault());
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const vault = () => createKeyVault(createKeyFolder(folder));
  const request = (change: Partial<TokenRequest> = {}): TokenRequest => ({
    signer,
    issuer,
    grantsVersion: 7,
    grants: [
      { identity: "leader/*", service, scope: "gripper:observe" },
      { identity: "leader/*", service, scope: "gripper:actuate" },
      { identity: "leader/*", service: "cafe.v1.Other", scope: "other:use" },
    ],
    caller: { spiffeId: spiffeId("cafe", "leader/1"), certificate },
    audience: service,
    scopes: ["gripper:observe", "gripper:actuate", "other:use", "gripper:observe"],
    ttlMs: 60 * 60_000,
    now,
    ...change,
  });

  const refused = (change: Partial<TokenRequest>, expected: Partial<InterlockError>) =>
    assert.rejects(issueToken(request(change)), (error) => {
      assert.ok(error instanceof InterlockError);
      for (const [key, value] of Object.entries(expected)) {
        assert.deepEqual(error[key as keyof InterlockError], value);
      }
      return true;
    });

  it("says under which conditions a scope is held, and does not name it among those that are held for all", async () => {
    const grants = [
      { identity: "leader/*", service, scope: "gripper:observe" },
      { identity: "leader/*", service, scope: "gripper:actuate", where: "newtons <= 5" },
      { identity: "leader/1", service, scope: "gripper:actuate", where: "gently" },
      { identity: "leader/2", service, scope: "gripper:actuate" },
    ] as const;
    const issued = await issueToken(request({ grants }));
    assert.deepEqual(issued.scopes, ["gripper:actuate", "gripper:observe"]);
    const condition = "(gently) || (newtons <= 5)";
    assert.deepEqual([...issued.narrowed], [["gripper:actuate", [condition]]]);
    const { scope, narrowed_scope } = decodeJwt(issued.token);
    assert.deepEqual([scope, narrowed_scope], ["gripper:observe", { "gripper:actuate": [condition] }]);
    const only = await issueToken(request({ grants, scopes: ["gripper:actuate"] }));
    assert.equal(decodeJwt(only.token).scope, "");
    const other = { spiffeId: spiffeId("cafe", "leader/2"), certificate };
    const free = decodeJwt((await issueToken(request({ grants, caller: other }))).token);
    assert.deepEqual([free.scope, free.narrowed_scope], ["gripper:actuate gripper:observe", undefined]);
  });

  it("issues no token that would be too long for its conditions", async () => {
    const grants = Array.from({ length: 9 }, (_, i) => ({
      identity: "leader/*",
      service,
      scope: `gripper:act${i}` as const,
      where: `name == '${"x".repeat(230)}'`,
    }));
    const scopes = grants.map(({ scope }) => scope);
    await refused({ grants, scopes }, { reason: "NO_GRANT", code: "PERMISSION_DENIED" });
    assert.equal((await issueToken(request({ grants, scopes: scopes.slice(0, 7) }))).narrowed.size, 7);
  });

  it("issues what is asked for and granted, bound to the certificate", async () => {
    const issued = await issueToken(request());
    assert.deepEqual(issued.scopes, ["gripper:actuate", "gripper:observe"]);
    const { payload, protectedHeader } = await jwtVerify(issued.token, createLocalJWKSet(signer.jwks), {
      algorithms: ["ES256"],
      typ: "at+jwt",
      issuer,
      audience: service,
      currentDate: new Date(now),
    });
    assert.deepEqual(Object.keys(protectedHeader).sort(), ["alg", "kid", "typ"]);
    const { jti, ...claims } = payload;
    assert.match(String(jti), /^[\w-]{22}$/);
    assert.deepEqual(claims, {
      iss: issuer,
      sub: "spiffe://cafe/leader/1",
      client_id: "spiffe://cafe/leader/1",
      aud: service,
      iat: Math.floor(now / 1_000),
      exp: Math.floor(now / 1_000) + 600,
      scope: "gripper:actuate gripper:observe",
      grants_version: 7,
      cnf: { "x5t#S256": certificate.thumbprint },
    });
    assert.equal(issued.expiresAt, Math.floor(now / 1_000) * 1_000 + 600_000);
  });

  it("issues nothing past the certificate", async () => {
    const caller = (notAfter: number) => ({ ...request().caller, certificate: { ...certificate, notAfter } });
    assert.equal((await issueToken(request({ caller: caller(now + 9_300) }))).expiresAt, now + 9_300);
    await refused({ caller: caller(now) }, { reason: "CERTIFICATE_EXPIRED" });
  });

  it("refuses what is not granted, and says what to do", async () => {
    await refused(
      { scopes: ["gripper:calibrate", "gripper:admin"] },
      {
        reason: "NO_GRANT",
        code: "PERMISSION_DENIED",
        metadata: { service, needed: "gripper:admin gripper:calibrate", held: "gripper:actuate gripper:observe" },
      },
    );
    const stranger = { ...request().caller, spiffeId: spiffeId("cafe", "coffee/1") };
    await refused({ caller: stranger }, { reason: "NO_GRANT" });
  });

  it("issues a token without scopes to a caller that is granted others at the service, where it is asked to", async () => {
    const scopes = ["gripper:calibrate"];
    const { token, scopes: held } = await issueToken(request({ scopes, allowEmpty: true }));
    assert.deepEqual([held, decodeJwt(token).scope], [[], ""]);
    const stranger = { ...request().caller, spiffeId: spiffeId("cafe", "coffee/1") };
    await refused({ caller: stranger, scopes, allowEmpty: true }, { reason: "NO_GRANT" });
    await refused({ audience: "cafe.v1.Third", scopes, allowEmpty: true }, { reason: "NO_GRANT" });
  });

  it("refuses a malformed request", async () => {
    for (const audience of ["", "a b", "a/b", "x".repeat(257)])
      await refused({ audience }, { code: "INVALID_ARGUMENT" });
    for (const scopes of [[], ["Bad"], Array(129).fill("a:b")]) await refused({ scopes }, { code: "INVALID_ARGUMENT" });
  });

  it("keeps its key to its owner, and has it again", async () => {
    const file = `token-${signer.keys[0]?.kid}.key`;
    assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600);
    const again = await loadOrCreateTokenSigner(store, clock, vault());
    assert.deepEqual(again.jwks, signer.jwks);
    assert.ok(signer.jwks.keys.every((key) => !("d" in key)));
    await rm(join(folder, file));
    await assert.rejects(loadOrCreateTokenSigner(store, clock, vault()), /Restore it from your backup/);
  });
});
