import assert from "node:assert/strict";
import type { ScannedTls } from "../inputs/scan.js";
import type { Verdict } from "./classify.js";
import { describe as say, soonMs } from "./describe.js";

const now = Date.UTC(2026, 0, 1);
const grpc: Verdict = { protocol: "grpc", answersWithoutToken: "no", open: [], services: [] };
const tls: ScannedTls = {
  versions: ["TLSv1.3"],
  demandsClientCertificate: "no",
  asksForClientCertificate: false,
  acceptsForeignCertificate: "no",
};
const certificate = { names: ["other.example"], expiresAt: now + soonMs + 1, namesHost: true };
const said = (given: Partial<ScannedTls>, verdict: Partial<Verdict> = {}) =>
  say({ ...grpc, ...verdict, tls: { ...tls, ...given } }, now);

describe("the sentences of a scan", () => {
  it("says that a certificate has expired, or will within 14 days", () => {
    const at = (expiresAt: number) => said({ certificate: { ...certificate, expiresAt } }).join(" ");
    assert.match(at(now), /has expired, on 2026-01-01\./);
    assert.match(at(now + soonMs - 1), /expires soon, on 2026-01-14\./);
    assert.doesNotMatch(at(now + soonMs), /expire/);
    assert.match(at(Number.NaN), /^(?!.*expire)/);
  });

  it("expects a certificate of SPIFFE to be short-lived", () => {
    const spiffeId = "spiffe://cafe/gripper/1";
    const text = said({ certificate: { spiffeId, names: [], expiresAt: now + 1_000 } }).join(" ");
    assert.match(text, /tells who it is: spiffe:\/\/cafe\/gripper\/1\./);
    assert.doesNotMatch(text, /expire/);
  });

  it("says that a certificate is for another name", () => {
    assert.match(said({ certificate: { ...certificate, namesHost: false } }).join(" "), /it names other\.example\./);
    assert.match(
      said({ certificate: { ...certificate, names: [], namesHost: false } }).join(" "),
      /it names nothing\./,
    );
  });

  it("says what it does not know", () => {
    const unknown = { demandsClientCertificate: "not known", acceptsForeignCertificate: "not known" } as const;
    assert.equal(said(unknown)[0], "Whether it demands a client certificate is not known.");
    assert.equal(
      said({ ...unknown, demandsClientCertificate: "yes" })[0],
      "It demands a client certificate; whether it verifies one is not known.",
    );
    assert.ok(said({ versions: [] }).includes("It speaks TLS, and agreed to no version that was offered."));
  });

  it("counts services past the tenth", () => {
    const services = Array.from({ length: 12 }, (_, i) => `s${i}`);
    const open = ["grpc.reflection.v1.ServerReflection"];
    const text = said({}, { answersWithoutToken: "yes", open, services }).join(" ");
    assert.match(text, /Reflection \(v1\) is open: it lists s0, .*s9, and 2 more\./);
  });

  it("says that any bot is answered without a token", () => {
    const member = { open: [], services: [], answersWithoutToken: "yes" } as const;
    assert.ok(said({}, { member }).includes("It takes calls of any bot of the fleet without a token."));
  });
});
