import assert from "node:assert/strict";
import type { ServedService } from "@interlock/policy";
import { parseSidecar, sidecarOptions } from "./parse-sidecar.js";

const service = (name: string): ServedService => ({ name, servedBy: ["x/*"], methods: [] });

const whole = `
name: scale/1
authority: auth.harbor.example:7443
joinToken: { file: join-token }
stateDir: state
manifests: [a.json, /b.json]
inbound:
  port: 50051
  host: 0.0.0.0
  program: unix:program.sock
  services: [a.Scale]
outbound:
  listen: unix:///run/fleet.sock
  services:
    a.Crane: {}
    a.Yard: { addresses: ["yard.example:50051"], servers: ["yard/*"] }
`;
const inbound = "name: a/1\nmanifests: [a.json]\ninbound: {port: 1, program: unix:///p, services: [a.A]}\n";
const outbound = (more: string) => `name: a/1\nmanifests: [a.json]\noutbound: {${more}}\n`;

describe("the configuration of a sidecar", () => {
  it("has paths from its own folder, and options with the services of its manifests", () => {
    const file = parseSidecar(whole, "/etc/scale");
    assert.deepEqual(file.joinToken, { file: "/etc/scale/join-token" });
    assert.deepEqual(file.manifests, ["/etc/scale/a.json", "/b.json"]);
    assert.equal(file.stateDir, "/etc/scale/state");
    const options = sidecarOptions(file, [
      service("a.Scale"),
      service("a.Crane"),
      service("a.Yard"),
      service("a.More"),
    ]);
    assert.deepEqual(options.inbound?.services, [service("a.Scale")]);
    assert.equal(options.inbound?.program, "unix:///etc/scale/program.sock");
    assert.deepEqual(options.outbound?.services, [
      { service: service("a.Crane") },
      { service: service("a.Yard"), addresses: ["yard.example:50051"], servers: ["yard/*"] },
    ]);
  });

  it("names every service that no manifest has, and those of which nobody knows who serves them", () => {
    const file = parseSidecar(whole, "/");
    assert.throws(
      () => sidecarOptions(file, [service("a.Yard")]),
      ({ message }: Error) => /no manifest has a\.Scale/.test(message) && /no manifest has a\.Crane/.test(message),
    );
    const anybody = { ...service("a.Crane"), servedBy: [] };
    assert.throws(
      () => sidecarOptions(file, [service("a.Scale"), anybody, service("a.Yard")]),
      /a\.Crane does not say which bots serve it/,
    );
  });

  it("takes the join token from the environment where it does not say more", () => {
    assert.deepEqual(parseSidecar(inbound).joinToken, { env: "INTERLOCK_JOIN_TOKEN" });
  });

  const faulty: readonly (readonly [text: string, ...faults: RegExp[]])[] = [
    ["", /no mapping/],
    ["a: [", /at line|flow/i],
    [
      "names: a\ninbound: {prot: 1}\noutbound: {}",
      /there is no "names"/,
      /name is missing/,
      /manifests is missing/,
      /there is no "inbound\.prot"/,
      /inbound\.port is missing/,
      /inbound\.program is missing/,
      /inbound\.services is missing/,
      /outbound\.listen is missing/,
      /outbound\.services is missing/,
    ],
    ["name: Scale!\nmanifests: [a]\n", /"Scale!" is no bot name/, /inbound and outbound are missing/],
    [`${inbound}joinToken: ILK1-secret`, /joinToken says where the token is/],
    [`${inbound}serviceAccount: x`, /serviceAccount needs/],
    [inbound.replace("port: 1", "port: 70000"), /inbound\.port is no whole number/],
    [inbound.replace("unix:///p", "scale.local:50051"), /reached from other machines/],
    [inbound.replace("[a.A]", "[a.A, a.A]"), /a\.A twice/],
    [outbound('listen: "127.0.0.1:5000", services: {a.A: {}}'), /every user of this machine/],
    [outbound('listen: "unix:///s", openToLocalUsers: 1, services: {a.A: {}}'), /neither true nor false/],
    [
      outbound('listen: "unix:///s", services: {a.A: {addresses: ["no-port"], servers: ["/*"]}}'),
      /addresses of a\.A/,
      /servers of a\.A/,
    ],
    [outbound('listen: "unix:///s", services: {a.A: 1}'), /a\.A is no mapping/],
  ];
  for (const [text, ...faults] of faulty) {
    it(`is refused with ${faults.join(", ")}`, () => {
      assert.throws(
        () => parseSidecar(text),
        (error) => {
          assert.ok(error instanceof TypeError);
          assert.doesNotMatch(error.message, /ILK1/);
          for (const fault of faults) assert.match(error.message, fault);
          return true;
        },
      );
    });
  }
});
