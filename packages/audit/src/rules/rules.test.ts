import assert from "node:assert/strict";

import { locateGrants, parseGrants } from "@interlock/policy/grants";
import type { Fleet } from "../inputs/fleet.js";
import type { AuditInputs } from "../inputs/inputs.js";
import type { DeclaredService } from "../inputs/project.js";
import type { ScannedPort } from "../inputs/scan.js";
import { runAudit } from "../run-audit.js";
import { cafe, cafeProject, coffee, grantsYaml, gripper } from "../testing/cafe-in-order.js";
import {
  ago,
  bot,
  days,
  minutes,
  now,
  policy,
  port,
  process,
  serverRecord,
  service,
  usage,
} from "../testing/pieces.js";
import { rules } from "./index.js";

type Cafe = ReturnType<typeof cafe>;

/** The cafe with one thing about its fleet changed. */
function withFleet(change: (fleet: Cafe["fleet"]) => Partial<Fleet>): AuditInputs {
  const inputs = cafe();
  return { ...inputs, fleet: { ...inputs.fleet, ...change(inputs.fleet) } };
}

/** The cafe with its gripper's port scanned as given. */
function withPort(more: Partial<ScannedPort>): AuditInputs {
  const inputs = cafe();
  const [first, ...others] = inputs.scan.ports;
  return { ...inputs, scan: { ...inputs.scan, ports: [{ ...(first as ScannedPort), ...more }, ...others] } };
}

/** The cafe whose gripper service only some may serve, with a bot that says it serves it, too. */
function withServedBy(servedBy: readonly string[], also: string, via: readonly string[] = []): AuditInputs {
  const { project } = cafe();
  return {
    ...withFleet(({ processes }) => ({
      processes: processes.map((one) => (one.bot === also ? { ...one, services: [...one.services, gripper] } : one)),
    })),
    project: { services: project.services.map((one) => (one.name === gripper ? { ...one, servedBy, via } : one)) },
  };
}

function withTls(more: Partial<NonNullable<ScannedPort["tls"]>>): AuditInputs {
  const { tls } = port("10.0.0.1:50051", "gripper/1");
  return withPort({ tls: { ...(tls as NonNullable<ScannedPort["tls"]>), ...more } });
}

/** The cafe with other grants, in the file and in force. */
function withGrants(yaml: string, appliedAt = ago(days(90))): AuditInputs {
  const inputs = cafe();
  const grants = parseGrants(yaml);
  return {
    ...inputs,
    grantsFile: { file: "grants.yaml", yaml, grants: locateGrants(yaml) },
    fleet: {
      ...inputs.fleet,
      grants,
      grantVersions: [...inputs.fleet.grantVersions, { version: 2, appliedAt, appliedBy: "operator/ada", grants }],
    },
  };
}

/** The cafe with one more method at the coffee machine, declared and served; called as given. */
function withMethod(
  name: string,
  of: ReturnType<typeof policy>,
  calls: readonly string[] = ["operator/ada"],
): AuditInputs {
  const project = cafeProject({ coffeeMethods: { [name]: of } });
  const inputs = withFleet((fleet) => ({
    manifests: new Map([...fleet.manifests, ["hash-of-coffee", project.services.slice(1)]]),
    usage: [...fleet.usage, ...calls.map((caller) => usage(`${coffee}/${name}`, caller))],
  }));
  return { ...inputs, project };
}

/** Inputs whose fleet has retired a method, or all methods of a service: `package.Service/*`. */
function retired({ fleet, ...inputs }: AuditInputs, ...retiredMethods: readonly string[]): AuditInputs {
  assert.ok(fleet);
  return { ...inputs, fleet: { ...fleet, retiredMethods } };
}

const withDeprecation = (
  deprecation: { since: string; sunset?: string; replacement?: string },
  calls?: readonly string[],
) => withMethod("Boil", policy([], { deprecation }), calls);

const extraGrant = (line: string) => `${grantsYaml}${line}\n`;

const record = (kind: string, at: number) => ({
  seq: 9,
  at,
  kind,
  actor: "spiffe://cafe/gripper/1",
  subject: "spiffe://cafe/gripper/1",
  details: "{}",
  previous: "",
  hash: "",
});

interface Case {
  /** A fleet that has the fault. */
  readonly faulty: AuditInputs;
  /** The subject that is found. */
  readonly subject: string;
  /** Fleets that look like it, and have no fault. */
  readonly sound?: readonly AuditInputs[];
  /** What else the fault leads to. */
  readonly also?: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  "past-sunset": {
    faulty: withDeprecation({ since: "2026-01-01", sunset: "2026-06-01" }),
    subject: `${coffee}/Boil`,
    sound: [
      withDeprecation({ since: "2026-05-31", sunset: "2026-06-02" }),
      withDeprecation({ since: "2026-05-31" }),
      retired(withDeprecation({ since: "2026-01-01", sunset: "2026-06-01" }), `${coffee}/Boil`),
      retired(withDeprecation({ since: "2026-01-01", sunset: "2026-06-01" }), `${coffee}/*`),
    ],
  },
  "deprecated-still-called": {
    faulty: withDeprecation({ since: "2026-05-01", sunset: "2026-12-01", replacement: `${coffee}/Brew` }),
    subject: `${coffee}/Boil`,
    sound: [
      withDeprecation({ since: "2026-05-01", sunset: "2026-12-01" }, []),
      // The last call was before the deprecation.
      withDeprecation({ since: "2026-06-02", sunset: "2026-12-01" }),
    ],
  },
  "unused-method": {
    faulty: withMethod("Clean", policy(["coffee:brew"]), []),
    subject: `${coffee}/Clean`,
    sound: [
      withMethod("Clean", policy(["coffee:brew"])),
      retired(withMethod("Clean", policy(["coffee:brew"]), []), `${coffee}/Clean`),
      // A server that did not count, or is young: nothing is known.
      ...[{ uncountedAt: ago(days(2)) }, { firstAt: ago(days(29)) }].map((more) => {
        const inputs = withMethod("Clean", policy(["coffee:brew"]), []);
        const servers = [serverRecord("gripper/1", gripper), serverRecord("coffee/1", coffee, more)];
        return { ...inputs, fleet: { ...(inputs.fleet as Fleet), servers } };
      }),
      // Every server refuses it.
      ...[`${coffee}/Clean`, `${coffee}/*`].map((retired) => {
        const inputs = withMethod("Clean", policy(["coffee:brew"]), []);
        return { ...inputs, fleet: { ...(inputs.fleet as Fleet), retiredMethods: [retired] } };
      }),
    ],
  },
  "undeclared-method": {
    faulty: withFleet(({ usage: rows }) => ({ usage: [...rows, usage(`${gripper}/Backdoor`, "coffee/1")] })),
    subject: `${gripper}/Backdoor`,
    sound: [
      // Refused, of an earlier process, counted without its method, and retired.
      withFleet(({ usage: rows }) => ({
        usage: [...rows, usage(`${gripper}/Backdoor`, "coffee/1", { denial: "UNIMPLEMENTED" })],
      })),
      withFleet(({ usage: rows, processes }) => ({
        usage: [...rows, usage(`${gripper}/Backdoor`, "coffee/1", { lastAt: ago(days(1)) })],
        processes: processes.map((one) => ({ ...one, startedAt: ago(minutes(60)) })),
      })),
      withFleet(({ usage: rows }) => ({ usage: [...rows, usage("…", "coffee/1")] })),
      withFleet(({ usage: rows }) => ({
        usage: [...rows, usage(`${gripper}/Backdoor`, "coffee/1")],
        retiredMethods: [`${gripper}/Backdoor`],
      })),
    ],
  },
  "undeclared-service": {
    faulty: withFleet(({ processes }) => ({
      processes: [
        ...processes,
        process("diagnostics/1", { services: ["cafe.v1.DiagnosticsService"], manifestHash: "" }),
      ],
      bots: [...cafe().fleet.bots, bot("diagnostics/1")],
    })),
    subject: "cafe.v1.DiagnosticsService",
    sound: [
      withFleet(({ processes }) => ({
        processes: processes.map((one) => ({
          ...one,
          services: [...one.services, "grpc.health.v1.Health", "interlock.swarm.v1.DispatchService"],
        })),
      })),
      { ...cafe(), project: { services: [] }, grantsFile: undefined },
    ],
  },
  "unexpected-server": {
    faulty: withServedBy(["gripper/*"], "coffee/1"),
    subject: `coffee/1 ${gripper}`,
    sound: [
      withServedBy([], "coffee/1"),
      withServedBy(["gripper/*", "coffee/1"], "coffee/1"),
      withServedBy(["gripper/*"], "coffee/1", ["coffee/*"]),
    ],
  },
  "vanished-bot": {
    faulty: withFleet(({ processes, bots }) => ({
      bots: [...bots, bot("arm/1", { certificateIssuedAt: ago(days(2)), certificateExpiresAt: ago(days(2)) })],
      processes: [...processes, process("arm/1", { online: false, lastSeenAt: ago(days(2)) })],
    })),
    subject: "arm/1",
    sound: [
      // Stopped properly, seen lately, retired, renewed by a process that does not report, or there in another process.
      ...[{ stoppedAt: ago(days(2)) }, { lastSeenAt: ago(minutes(60)) }].map((more) =>
        withFleet(({ processes, bots }) => ({
          bots: [...bots, bot("arm/1", { certificateIssuedAt: ago(days(2)) })],
          processes: [...processes, process("arm/1", { online: false, lastSeenAt: ago(days(2)), ...more })],
        })),
      ),
      ...[{ retiredAt: ago(days(1)) }, { revokedAt: ago(days(1)) }, { certificateIssuedAt: ago(minutes(20)) }].map(
        (more) =>
          withFleet(({ processes, bots }) => ({
            bots: [...bots, bot("arm/1", { certificateIssuedAt: ago(days(2)), ...more })],
            processes: [...processes, process("arm/1", { online: false, lastSeenAt: ago(days(2)) })],
          })),
      ),
      withFleet(({ processes, bots }) => ({
        bots: [...bots, bot("arm/1")],
        processes: [
          ...processes,
          process("arm/1", { online: false, lastSeenAt: ago(days(2)) }),
          process("arm/1", { instance: "b2" }),
        ],
      })),
    ],
  },
  "expiring-certificate": {
    faulty: withFleet(({ bots }) => ({
      bots: bots.map((one) =>
        one.name === "gripper/1"
          ? { ...one, certificateIssuedAt: ago(minutes(50)), certificateExpiresAt: now + minutes(10) }
          : one,
      ),
    })),
    subject: "gripper/1",
    sound: [
      withFleet(({ bots }) => ({
        bots: bots.map((one) => ({
          ...one,
          certificateIssuedAt: ago(minutes(36)),
          certificateExpiresAt: now + minutes(24),
        })),
      })),
      // It was killed 40 seconds ago, and its certificate lived for 20.
      withFleet(({ bots, processes }) => ({
        bots: bots.map((one) =>
          one.name === "gripper/1"
            ? { ...one, certificateIssuedAt: ago(45_000), certificateExpiresAt: ago(25_000) }
            : one,
        ),
        processes: processes.map((one) => (one.bot === "gripper/1" ? { ...one, lastSeenAt: ago(40_000) } : one)),
      })),
    ],
  },
  "loosened-policy": {
    faulty: withFleet(({ manifests }) => ({
      manifests: new Map([
        ...manifests,
        [
          "hash-of-gripper",
          [service(gripper, { Grip: policy([], { risk: "high", rate: { perSecond: 10, burst: 10 } }) })],
        ],
      ]),
    })),
    subject: `${gripper}/Grip at gripper/1`,
    sound: [
      withFleet(({ manifests }) => ({
        manifests: new Map([
          ...manifests,
          [
            "hash-of-gripper",
            [
              service(gripper, {
                Grip: policy(["gripper:actuate", "gripper:observe"], {
                  risk: "critical",
                  callers: ["coffee/*"],
                  rate: { perSecond: 1, burst: 1 },
                }),
              }),
            ],
          ],
        ]),
      })),
    ],
  },
  "differing-policies": {
    faulty: withFleet(({ processes, manifests, bots }) => ({
      bots: [...bots, bot("gripper/2")],
      processes: [...processes, process("gripper/2", { services: [gripper], manifestHash: "tighter" })],
      manifests: new Map([
        ...manifests,
        [
          "tighter",
          [
            service(gripper, {
              Grip: policy(["gripper:actuate"], {
                risk: "high",
                callers: ["coffee/*"],
                rate: { perSecond: 10, burst: 10 },
              }),
            }),
          ],
        ],
      ]),
    })),
    subject: `${gripper}/Grip`,
    sound: [
      withFleet(({ processes, bots }) => ({
        bots: [...bots, bot("gripper/2")],
        processes: [...processes, process("gripper/2", { services: [gripper] })],
      })),
    ],
  },
  "unlimited-method": {
    faulty: withMethod("Drain", policy([], { risk: "high" })),
    subject: `${coffee}/Drain`,
    sound: [
      withMethod("Drain", policy([], { risk: "high", rate: { perSecond: 1, burst: 1 } })),
      withMethod("Drain", policy([])),
    ],
  },
  "open-personal-data": {
    faulty: withMethod("Guests", policy([], { dataClasses: ["personal"] })),
    subject: `${coffee}/Guests`,
    sound: [
      withMethod("Guests", policy([], { dataClasses: ["internal"] })),
      withMethod("Guests", policy(["coffee:brew"], { dataClasses: ["personal"] })),
    ],
  },
  "wildcard-grant": {
    faulty: withGrants(extraGrant(`  "**":\n    ${gripper}: [gripper:actuate]`)),
    subject: `** ${gripper} gripper:actuate`,
    sound: [
      withGrants(extraGrant(`  "**":\n    ${gripper}: [gripper:observe]`)),
      withGrants(extraGrant(`  "coffee/**":\n    ${gripper}: [gripper:actuate]`)),
    ],
  },
  "scope-nobody-granted": {
    faulty: withMethod("Descale", policy(["coffee:maintain"])),
    subject: `${coffee} coffee:maintain`,
    sound: [
      withMethod(
        "Descale",
        policy(["coffee:maintain"], { deprecation: { since: "2026-01-01", sunset: "2026-06-01" } }),
      ),
    ],
  },
  "grant-of-unknown-scope": {
    faulty: withGrants(extraGrant(`  "arm/*":\n    ${gripper}: [gripper:actuat]`)),
    subject: `arm/* ${gripper} gripper:actuat`,
    sound: [withGrants(extraGrant(`  "coffee/1":\n    interlock.swarm.v1.OperatorService: [swarm:read]`))],
  },
  "useless-grant": {
    faulty: {
      ...withMethod("Descale", policy(["coffee:maintain"], { callers: ["technician/*"] })),
      grantsFile: withGrants(extraGrant(`  "arm/*":\n    ${coffee}: [coffee:maintain]`)).grantsFile,
    },
    subject: `arm/* ${coffee} coffee:maintain`,
    sound: [
      {
        ...withMethod("Descale", policy(["coffee:maintain"], { callers: ["technician/*"] })),
        grantsFile: withGrants(extraGrant(`  "technician/*":\n    ${coffee}: [coffee:maintain]`)).grantsFile,
      },
    ],
  },
  "over-granted-bot": {
    faulty: withGrants(extraGrant(`  "arm/*":\n    ${gripper}: [gripper:observe]`), ago(days(31))),
    subject: `arm/* ${gripper} gripper:observe`,
    sound: [
      // Younger than the window, of a person, or used by one of the bots that match.
      withGrants(extraGrant(`  "arm/*":\n    ${gripper}: [gripper:observe]`), ago(days(29))),
      withGrants(extraGrant(`  "operator/ada":\n    ${gripper}: [gripper:observe]`)),
      withGrants(extraGrant(`  "*/1":\n    ${gripper}: [gripper:observe]`)),
    ],
  },
  "token-exchange-unused": {
    faulty: withGrants(extraGrant(`  "relay/*":\n    ${gripper}: ["token:exchange"]`)),
    subject: `relay/* ${gripper} token:exchange`,
    sound: [
      (() => {
        const inputs = withGrants(extraGrant(`  "relay/*":\n    ${gripper}: ["token:exchange"]`));
        const fleet = inputs.fleet as Fleet;
        return {
          ...inputs,
          fleet: { ...fleet, usage: [...fleet.usage, usage(`${gripper}/Grip`, "coffee/1", { actors: ["relay/1"] })] },
        };
      })(),
    ],
  },
  "revoked-but-seen": {
    faulty: withFleet(({ bots }) => ({
      bots: bots.map((one) => (one.name === "coffee/1" ? { ...one, revokedAt: ago(minutes(45)) } : one)),
    })),
    subject: "coffee/1",
    sound: [
      withFleet(({ bots, processes, usage: calls }) => ({
        bots: [...bots, bot("arm/1", { revokedAt: ago(minutes(31)) })],
        processes: [...processes, process("arm/1", { online: false, lastSeenAt: ago(minutes(31)) })],
        usage: [...calls, usage(`${gripper}/Grip`, "arm/1")],
      })),
    ],
  },
  "cloned-bot": {
    faulty: { ...cafe(), log: [...cafe().log, record("clone", ago(days(2)))] },
    subject: "gripper/1",
    sound: [
      { ...cafe(), log: [...cafe().log, record("clone", ago(days(2))), record("join", ago(days(1)))] },
      { ...cafe(), log: [...cafe().log, record("clone", ago(days(31)))] },
    ],
  },
  "probing-caller": {
    faulty: withFleet(({ usage: calls }) => ({
      usage: [
        ...calls,
        ...["A", "B", "C", "D", "E"].map((name) => usage(`${gripper}/${name}`, "arm/7", { denial: "SCOPE_MISSING" })),
      ],
    })),
    subject: "arm/7",
    sound: [
      withFleet(({ usage: calls }) => ({
        usage: [
          ...calls,
          ...["A", "B", "C", "D"].map((name) => usage(`${gripper}/${name}`, "arm/7", { denial: "SCOPE_MISSING" })),
          ...["E", "F"].map((name) => usage(`${gripper}/${name}`, "arm/7", { denial: "RATE_LIMITED" })),
          ...["G", "H"].map((name) =>
            usage(`${gripper}/${name}`, "arm/7", { denial: "SCOPE_MISSING", lastAt: ago(days(31)) }),
          ),
          ...["I", "J"].map((name) => usage(`interlock.scan.v1.Probe/${name}`, "arm/7", { denial: "SCOPE_MISSING" })),
        ],
      })),
    ],
  },
  "many-operators": {
    faulty: withFleet(({ bots }) => ({ bots: [...bots, ...[1, 2, 3, 4, 5, 6].map((i) => bot(`operator/${i}`))] })),
    subject: "operator/*",
    sound: [
      withFleet(({ bots }) => ({
        bots: [
          ...bots,
          ...[1, 2, 3, 4, 5].map((i) => bot(`operator/${i}`)),
          bot("operator/6", { retiredAt: ago(days(1)) }),
        ],
      })),
    ],
  },
  "open-join-token": {
    faulty: {
      ...cafe(),
      joinTokens: [{ id: "t3", name: "worker/*", createdAt: ago(0), expiresAt: now + days(7), uses: 1, used: 0 }],
    },
    subject: "worker/* t3",
    sound: [
      {
        ...cafe(),
        joinTokens: [{ id: "t3", name: "worker/*", createdAt: ago(0), expiresAt: now + days(7), uses: 1, used: 1 }],
      },
    ],
  },
  "outdated-process": {
    faulty: withFleet(({ processes }) => ({
      processes: [
        ...processes,
        process("gripper/1", { instance: "b2", version: "2.0.0", startedAt: ago(days(2)), services: [gripper] }),
      ],
    })),
    subject: "gripper/1 a1",
    sound: [
      withFleet(({ processes }) => ({
        processes: [
          ...processes,
          process("gripper/1", { instance: "b2", version: "2.0.0", startedAt: ago(minutes(30)), services: [gripper] }),
        ],
      })),
    ],
  },
  "plaintext-port": { faulty: withPort({ tls: undefined }), subject: "10.0.0.1:50051" },
  "no-client-certificate": {
    faulty: withTls({ demandsClientCertificate: "no" }),
    subject: "10.0.0.1:50051",
    sound: [withTls({ demandsClientCertificate: "not known" })],
  },
  "any-certificate": { faulty: withTls({ acceptsForeignCertificate: "yes" }), subject: "10.0.0.1:50051" },
  "open-reflection": {
    faulty: withPort({ open: ["grpc.reflection.v1alpha.ServerReflection"] }),
    subject: "10.0.0.1:50051",
  },
  "open-channelz": { faulty: withPort({ open: ["grpc.channelz.v1.Channelz"] }), subject: "10.0.0.1:50051" },
  "open-health": { faulty: withPort({ open: ["grpc.health.v1.Health"] }), subject: "10.0.0.1:50051" },
  "old-tls": {
    faulty: withTls({ versions: ["TLSv1.1", "TLSv1.2"] }),
    subject: "10.0.0.1:50051",
    sound: [withTls({ versions: ["TLSv1.2", "TLSv1.3"] })],
  },
  "expired-certificate": {
    faulty: withTls({ certificate: { spiffeId: "spiffe://cafe/gripper/1", names: [], expiresAt: ago(1) } }),
    subject: "10.0.0.1:50051",
  },
  "answers-without-token": {
    faulty: withPort({ answersWithoutToken: "yes" }),
    subject: "10.0.0.1:50051",
    sound: [withPort({ answersWithoutToken: "not known" })],
  },
  "listening-but-undeclared": {
    faulty: { ...cafe(), scan: { ...cafe().scan, ports: [...cafe().scan.ports, port("127.0.0.1:6000", undefined)] } },
    subject: "127.0.0.1:6000",
    sound: [
      // The gripper's port under another name of its machine; a second authority.
      {
        ...cafe(),
        scan: {
          ...cafe().scan,
          ports: [
            ...cafe().scan.ports,
            port("192.168.7.1:50051", "gripper/1"),
            port("127.0.0.1:7444", "interlock/authority"),
          ],
        },
      },
    ],
  },
  "declared-but-not-listening": {
    faulty: {
      ...cafe(),
      scan: { ...cafe().scan, ports: cafe().scan.ports.filter(({ address }) => address !== "10.0.0.1:50051") },
    },
    subject: "gripper/1 10.0.0.1:50051",
    sound: [
      ...["10.0.0.1:50052-50100", "10.0.1.0/24:50051"].map((target) => ({
        ...cafe(),
        scan: {
          ...cafe().scan,
          targets: [target],
          ports: cafe().scan.ports.filter(({ address }) => address !== "10.0.0.1:50051"),
        },
      })),
    ],
  },
};

describe("the rules", () => {
  it("find nothing in a fleet in order", () => {
    assert.deepEqual(runAudit(cafe()).findings, []);
  });

  it("find nothing where nothing is known", () => {
    const { findings, notJudged } = runAudit({ now });
    assert.deepEqual(findings, []);
    assert.ok(notJudged.some(({ rule, missing }) => rule === "loosened-policy" && missing.join() === "project,fleet"));
  });

  it("each have a fleet with the fault", () => {
    assert.deepEqual(rules.map(({ id }) => id).sort(), Object.keys(cases).sort());
    assert.deepEqual(
      rules.map(({ id }) => id),
      rules.map(({ id }) => id).sort(),
    );
  });

  for (const [rule, { faulty, subject, sound = [], also = [] }] of Object.entries(cases)) {
    it(`${rule}: finds the fault, and nothing else`, () => {
      const { findings } = runAudit(faulty);
      assert.deepEqual([...new Set(findings.map((one) => one.rule))].sort(), [rule, ...also].sort());
      const found = findings.filter((one) => one.rule === rule);
      assert.deepEqual(
        found.map((one) => one.subject),
        [subject],
      );
      for (const { message, evidence, remedy } of found) {
        for (const sentence of [message, remedy, ...evidence])
          assert.match(sentence, /^[A-Za-z0-9*].*[.!?\])]$/, sentence);
      }
    });

    if (sound.length > 0) {
      it(`${rule}: finds nothing in fleets that only look like it`, () => {
        for (const [i, inputs] of sound.entries()) {
          const found = runAudit(inputs).findings.filter((one) => one.rule === rule);
          assert.deepEqual(found, [], `fleet ${i + 1}`);
        }
      });
    }
  }

  it("undeclared-service: also finds one whose name begins like those of Interlock and of gRPC", () => {
    const names = [
      "grpc.evil.v1.Backdoor",
      "grpc.health.v2.Health",
      "interlock.authority.v1.Backdoor",
      "interlock.x.Y",
    ];
    const { findings } = runAudit(
      withFleet(({ processes }) => ({
        processes: processes.map((one) => ({ ...one, services: [...one.services, ...names] })),
      })),
    );
    const found = findings.filter(({ rule }) => rule === "undeclared-service").map(({ subject }) => subject);
    assert.deepEqual(found.sort(), names);
  });

  it("probing-caller: says whose word it is", () => {
    const { findings } = runAudit(
      withFleet((fleet) => ({
        usage: [
          ...fleet.usage,
          ...Array.from({ length: 5 }, (_, i) =>
            usage(`cafe.v1.A/M${i}`, "arm/1", { bot: "liar/1", denial: "SCOPE_MISSING" }),
          ),
        ],
      })),
    );
    const found = findings.find(({ rule }) => rule === "probing-caller");
    assert.match(found?.evidence.join() ?? "", /Only liar\/1 has reported that, which can be mistaken or lie\./);
  });

  it("no time in the certificate of a port ends an audit", () => {
    for (const time of [Number.NaN, 9e15, null as unknown as number]) {
      const certificate = { names: [], issuedAt: time, expiresAt: time };
      assert.doesNotThrow(() => runAudit(withTls({ certificate })), String(time));
    }
  });

  it("undeclared-method: finds it in the manifest of a running bot, called or not", () => {
    const { project, fleet } = cafe();
    const served = project.services.find(({ name }) => name === gripper);
    const [hash = ""] = fleet.processes.filter(({ bot }) => bot === "gripper/1").map((one) => one.manifestHash);
    const extra = { ...served?.methods[0], name: "Backdoor", path: `/${gripper}/Backdoor` };
    const manifest = [{ ...served, methods: [...(served?.methods ?? []), extra] }] as unknown as DeclaredService[];
    const { findings } = runAudit(
      withFleet(({ manifests }) => ({ manifests: new Map(manifests).set(hash, manifest) })),
    );
    assert.deepEqual(
      findings.filter(({ rule }) => rule === "undeclared-method").map(({ subject }) => subject),
      [`${gripper}/Backdoor`],
    );
  });
});
