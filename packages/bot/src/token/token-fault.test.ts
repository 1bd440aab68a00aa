import assert from "node:assert/strict";
import { spiffeId } from "@interlock/policy";
import { createTestFleet, type TestFleet } from "../testing/test-fleet.js";
import { tokenFault } from "./token-fault.js";
import type { VerifiedToken } from "./verify-token.js";

const id = (name: string) => spiffeId("test", name);

describe("token faults", () => {
  let fleet: TestFleet;
  const token = (): VerifiedToken => ({
    jti: "t",
    subject: id("caller/1"),
    name: "caller/1",
    actors: [id("gateway/1"), id("gateway/2")],
    ancestors: ["t1", "t2"],
    thumbprint: "",
    key: { ...fleet.trust.state.jwks.keys[0], kty: "EC" },
    audiences: new Set(["a.B"]),
    scopes: new Set(["a:b"]),
    narrowed: new Map(),
    grantsVersion: 1,
    issuedAt: 0,
    expiresAt: 1_000,
  });
  let verified: VerifiedToken;
  const fault = (now = 999) => tokenFault(verified, fleet.trust, now);
  const change = (more: object) => fleet.trust.replace({ ...fleet.trust.state, ...more });

  beforeEach(async () => {
    fleet = await createTestFleet();
    verified = token();
  });

  it("none, until its last millisecond", () => {
    assert.equal(fault(), undefined);
    assert.equal(fault(1_000), "TOKEN_EXPIRED");
  });

  for (const jti of ["t", "t1", "t2"]) {
    it(`revoked: ${jti}`, () => {
      fleet.revoke("token", jti);
      assert.equal(fault(), "TOKEN_REVOKED");
    });
  }

  for (const name of ["caller/1", "gateway/1", "gateway/2"]) {
    it(`of a revoked bot: ${name}, by its name or by a pattern`, () => {
      const { revocations } = fleet.trust.state;
      fleet.revoke("identity", id(name).uri);
      assert.equal(fault(), "IDENTITY_REVOKED");
      change({ revocations });
      assert.equal(fault(), undefined);
      fleet.revoke("pattern", "nobody/*");
      assert.equal(fault(), undefined);
      fleet.revoke("pattern", name);
      assert.equal(fault(), "IDENTITY_REVOKED");
    });
  }

  it("outdated", () => {
    change({ cutOffs: [{ identity: "caller/*", service: "", scope: "", grantsVersion: 2, except: [] }] });
    assert.equal(fault(), "TOKEN_OUTDATED");
  });

  it("signed with a key that is withdrawn; it may stand anywhere in the list", () => {
    const { keys } = fleet.trust.state.jwks;
    change({ jwks: { keys: [{ kid: "key-0" }, ...keys] } });
    assert.equal(fault(), undefined);
    change({ jwks: { keys: [{ kid: "key-0" }] } });
    assert.equal(fault(), "TOKEN_KEY_UNKNOWN");
  });

  it("signed with a key that is withdrawn, though another one has its kid", () => {
    const [key = {}] = fleet.trust.state.jwks.keys;
    change({ jwks: { keys: [{ ...key, x: Buffer.alloc(32).toString("base64url") }] } });
    assert.equal(fault(), "TOKEN_KEY_UNKNOWN");
    change({ jwks: { keys: [{ kty: "RSA", kid: "key-1" }, { ...key }] } });
    assert.equal(fault(), undefined);
  });
});
