import assert from "node:assert/strict";
import type { Fleet, FleetProcess } from "../inputs/fleet.js";
import type { Scan, ScannedPort, ScannedTls } from "../inputs/scan.js";
import { compareScan } from "./compare-scan.js";
import { markOwnDenials } from "./own-denials.js";

const process: FleetProcess = {
  bot: "gripper/1",
  instance: "a",
  version: "",
  manifestHash: "",
  services: ["cafe.Gripper"],
  addresses: ["localhost:50051"],
  startedAt: 0,
  lastSeenAt: 0,
  online: true,
};
const usage = { actors: [], caller: "", denial: "", method: "", bot: "gripper/1", count: 1, firstAt: 5, lastAt: 6 };

function fleetOf(processes: readonly FleetProcess[], rows: Fleet["usage"] = []): Fleet {
  const parts = { bots: [], servers: [], days: [], grantVersions: [], grantsVersion: 1, manifests: new Map() };
  return { trustDomain: "cafe", processes, usage: rows, grants: new Map() as never, ...parts };
}
const shut: ScannedTls = {
  versions: ["TLSv1.3"],
  demandsClientCertificate: "yes",
  asksForClientCertificate: true,
  acceptsForeignCertificate: "no",
};
const port = (address: string, given: Partial<ScannedPort> = {}): ScannedPort => ({
  ...{ address, protocol: "grpc", answersWithoutToken: "no", open: [], services: [], sentences: [], tls: shut },
  ...given,
});
const scanOf = (ports: readonly ScannedPort[], targets = ["127.0.0.1:50000-50100"]): Scan => ({
  ...{ startedAt: 0, endedAt: 10, targets, ports },
});
const kinds = (...given: Parameters<typeof compareScan>) =>
  compareScan(...given).map(({ kind, address }) => `${kind} ${address}`);
const certificate = { spiffeId: "spiffe://cafe/interlock/authority", names: [], expiresAt: 0 };

describe("compareScan", () => {
  const fleet = fleetOf([process]);

  it("has nothing to say of a bot that listens where it reports", () => {
    assert.deepEqual(kinds(scanOf([port("127.0.0.1:50051")]), undefined, fleet), []);
    assert.deepEqual(kinds(scanOf([port("arm.local:50051", { ip: "127.0.0.1" })]), undefined, fleet), []);
  });

  it("does not take the word of a bot for the port of another, or of an impostor", () => {
    const liar = { ...process, bot: "liar/1", addresses: ["localhost:50060"] };
    for (const shown of [
      { spiffeId: "spiffe://cafe/rogue/1", isOfFleet: true },
      { spiffeId: "spiffe://cafe/rogue/1" },
      { spiffeId: "spiffe://cafe/liar/1", isOfFleet: false },
    ]) {
      const rogue = port("127.0.0.1:50060", { tls: { ...shut, certificate: { names: [], expiresAt: 0, ...shown } } });
      const found = kinds(scanOf([port("127.0.0.1:50051"), rogue]), undefined, fleetOf([process, liar]));
      assert.deepEqual(found, ["listening-but-undeclared 127.0.0.1:50060"], JSON.stringify(shown));
    }
  });

  it("finds what listens and nobody has reported", () => {
    const plain = port("127.0.0.1:50060", { tls: undefined, process: { pid: 7, name: "node" }, software: "grpc-js" });
    const [found, ...more] = compareScan(scanOf([port("127.0.0.1:50051"), plain]), undefined, fleet);
    assert.deepEqual([found?.kind, more], ["listening-but-undeclared", []]);
    assert.equal(
      found?.sentence,
      "127.0.0.1:50060 listens, and no bot has reported it: it speaks gRPC (grpc-js) without TLS (process node, pid 7).",
    );
    const other = { protocol: "another", software: "PostgreSQL", tls: undefined } as const;
    assert.deepEqual(kinds(scanOf([port("127.0.0.1:50051"), port("127.0.0.1:5432", other)]), undefined, fleet), []);
  });

  it("finds a service that nothing declares, with the project alone", () => {
    const services = ["cafe.Debug", "cafe.Gripper", "grpc.health.v1.Health"];
    const project = { services: [{ name: "cafe.Gripper" }] } as never;
    const [found] = compareScan(scanOf([port("127.0.0.1:50051", { services })]), project);
    assert.deepEqual([found?.kind, found?.services], ["listening-but-undeclared", ["cafe.Debug"]]);
    const member = { open: [], services, answersWithoutToken: "no" } as const;
    assert.equal(compareScan(scanOf([port("127.0.0.1:50051", { member })]), project, fleet).length, 1);
  });

  it("finds what is reported and does not listen, where the scan has looked", () => {
    assert.deepEqual(kinds(scanOf([]), undefined, fleet), ["declared-but-not-listening localhost:50051"]);
    assert.deepEqual(kinds(scanOf([], ["127.0.0.1:50052"]), undefined, fleet), []);
    assert.deepEqual(kinds(scanOf([], ["10.0.0.0/28"]), undefined, fleet), []);
    assert.deepEqual(kinds(scanOf([]), undefined, fleetOf([{ ...process, online: false }])), []);
    const twice = fleetOf([process, { ...process, instance: "b" }]);
    assert.equal(kinds(scanOf([]), undefined, twice).length, 1);
  });

  it("finds what is declared and open", () => {
    const open: Partial<ScannedPort>[] = [
      { tls: undefined },
      { tls: { ...shut, acceptsForeignCertificate: "yes" } },
      { tls: { ...shut, demandsClientCertificate: "no" } },
      { answersWithoutToken: "yes" },
    ];
    for (const given of open)
      assert.deepEqual(kinds(scanOf([port("127.0.0.1:50051", given)]), undefined, fleet), [
        "declared-but-open 127.0.0.1:50051",
      ]);
  });

  it("says nothing of the authority's ports, once they have proved to be its own", () => {
    const tls = (isOfFleet?: boolean) => ({
      tls: { ...shut, demandsClientCertificate: "no" as const, certificate: { ...certificate, isOfFleet } },
    });
    const at = "127.0.0.1:50099";
    assert.deepEqual(kinds(scanOf([port(at, tls(true))], [at]), undefined, fleet), []);
    assert.deepEqual(kinds(scanOf([port(at, tls(false))], [at]), undefined, fleet), [`listening-but-undeclared ${at}`]);
    assert.deepEqual(kinds(scanOf([port(at, tls())], [at]), undefined, fleet), [`listening-but-undeclared ${at}`]);
    const open = port(at, { ...tls(true), answersWithoutToken: "yes" });
    assert.deepEqual(kinds(scanOf([open], [at]), undefined, fleet), [`listening-but-undeclared ${at}`]);
  });
});

describe("markOwnDenials", () => {
  const scan = { ...scanOf([port("127.0.0.1:50051", { connections: 6 })]), identity: "spiffe://cafe/operator/ada" };
  const owned = (row: Partial<Fleet["usage"][number]>) =>
    markOwnDenials(scan, fleetOf([process], [{ ...usage, denial: "NO_CERTIFICATE", ...row }])).map(({ own }) => own);

  it("marks the refused connections of its time, up to those that it made", () => {
    assert.deepEqual(owned({ count: 5 }), [5]);
    assert.deepEqual(owned({ count: 6 }), [6]);
    assert.deepEqual(owned({ count: 1_000 }), [6]);
    assert.deepEqual(owned({ firstAt: 11, lastAt: 12 }), []);
    assert.deepEqual(owned({ bot: "gripper/2" }), []);
    assert.deepEqual(owned({ denial: "" }), []);
  });

  it("marks its own calls, and no others", () => {
    assert.deepEqual(owned({ method: "interlock.scan.v1.Probe/Unknown" }), [1]);
    assert.deepEqual(owned({ method: "cafe.Gripper/Grip" }), []);
    const asOperator = { caller: "operator/ada", method: "cafe.Gripper/Grip" };
    assert.deepEqual(owned({ ...asOperator, denial: "TOKEN_MISSING" }), [1]);
    assert.deepEqual(owned({ ...asOperator, denial: "SCOPE_MISSING" }), []);
    assert.deepEqual(owned({ ...asOperator, caller: "worker/1", denial: "TOKEN_MISSING" }), []);
  });
});
