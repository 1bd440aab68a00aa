import assert from "node:assert/strict";
import { spiffeId } from "@interlock/policy";
import type { Certificate } from "../identity/certificate.js";
import type { Revocation } from "./revocation.js";
import { indexRevocations } from "./revocation-index.js";

const revocation = (kind: Revocation["kind"], subject: string) => ({ kind, subject, revokedAt: 0, reason: "" });
const certificate = (serial: string) => ({ serial }) as Certificate;

describe("indexRevocations", () => {
  const index = indexRevocations(
    [
      revocation("identity", "spiffe://cafe/gripper/1"),
      revocation("certificate", "4f"),
      revocation("token", "t1"),
      revocation("pattern", "worker/*"),
      revocation("pattern", "lab/**"),
      revocation("pattern", "spiffe://partner/orders/*"),
      revocation("identity", "spiffe://partner/billing/1"),
    ],
    "cafe",
  );

  it("finds exactly what is revoked", () => {
    assert.equal(index.peer("spiffe://cafe/gripper/1", certificate("1")), "IDENTITY_REVOKED");
    assert.equal(index.peer("spiffe://cafe/gripper/2", certificate("4f")), "CERTIFICATE_REVOKED");
    assert.equal(index.peer("spiffe://cafe/gripper/2", certificate("2")), undefined);
    assert.deepEqual([index.token("t1"), index.token("4f")], [true, false]);
  });

  it("revokes bots of another trust domain by patterns with that domain, and by no others", () => {
    const peer = (uri: string) => index.peer(uri, certificate(uri));
    assert.equal(peer("spiffe://partner/orders/1"), "IDENTITY_REVOKED");
    assert.equal(peer("spiffe://partner/billing/1"), "IDENTITY_REVOKED");
    for (const uri of [
      "spiffe://cafe/orders/1",
      "spiffe://partner/worker/1",
      "spiffe://partner/lab/a",
      "spiffe://partner/billing/2",
    ])
      assert.equal(peer(uri), undefined, uri);
    const foreign = (uri: string) => index.identity({ trustDomain: "partner", name: uri, uri });
    assert.deepEqual([foreign("spiffe://partner/orders/1"), foreign("spiffe://partner/worker/1")], [true, false]);
  });

  it("takes no certificate of another trust domain for a revoked one of the own, by its serial number", () => {
    assert.equal(index.peer("spiffe://cafe/gripper/2", certificate("4f")), "CERTIFICATE_REVOKED");
    assert.equal(index.peer("spiffe://partner/shipping/1", certificate("4f")), undefined);
  });

  it("finds what a pattern revokes", () => {
    for (const name of ["worker/1", "lab/a", "lab/a/b"]) {
      assert.equal(index.peer(`spiffe://cafe/${name}`, certificate(name)), "IDENTITY_REVOKED", name);
    }
    for (const name of ["worker", "worker/1/a", "lab", "worker2/1"]) {
      assert.equal(index.peer(`spiffe://cafe/${name}`, certificate(name)), undefined, name);
    }
  });

  it("finds a bot that is nowhere but in a token, by its name and by patterns", () => {
    const revoked = (name: string) => index.identity(spiffeId("cafe", name));
    for (const name of ["gripper/1", "worker/1", "lab/a/b"]) assert.equal(revoked(name), true, name);
    for (const name of ["gripper/2", "worker", "worker/1/a"]) assert.equal(revoked(name), false, name);
    assert.equal(indexRevocations([], "cafe").identity(spiffeId("cafe", "a")), false);
  });

  it("matches patterns once for a certificate, not for every call", () => {
    const mine = certificate("9");
    assert.equal(index.peer("spiffe://cafe/worker/1", mine), "IDENTITY_REVOKED");
    // A certificate has one name: asked under another, what was found first is what is known.
    assert.equal(index.peer("spiffe://cafe/other/1", mine), "IDENTITY_REVOKED");
  });
});
