import type { Policy } from "@interlock/policy";
import { locateGrants, parseGrants } from "@interlock/policy/grants";
import type { AuditInputs } from "../inputs/inputs.js";
import type { DeclaredService, Project } from "../inputs/project.js";
import { ago, bot, days, minutes, now, policy, port, process, serverRecord, service, usage } from "./pieces.js";

export const gripper = "cafe.gripper.v1.GripperService";
export const coffee = "cafe.coffee.v1.CoffeeService";

/** The services of the cafe, with other methods or policies where given. */
export function cafeProject({
  gripperMethods = {},
  coffeeMethods = {},
}: Readonly<Record<string, Readonly<Record<string, Policy>>>> = {}): Project {
  return {
    services: [
      service(gripper, {
        Grip: policy(["gripper:actuate"], { risk: "high", rate: { perSecond: 10, burst: 10 } }),
        WatchForce: policy(["gripper:observe"]),
        ...gripperMethods,
      }),
      service(coffee, { Brew: policy(["coffee:brew"], { risk: "medium" }), Menu: policy([]), ...coffeeMethods }),
    ],
  };
}

export const grantsYaml = `grants:
  "coffee/*":
    ${gripper}: [gripper:actuate, gripper:observe]
  "operator/*":
    ${coffee}: [coffee:brew]
`;

/** Everything about a small fleet in order: a gripper, a coffee machine, an operator and an authority. */
export function cafe(yaml = grantsYaml) {
  const project = cafeProject();
  const [gripperService, coffeeService] = project.services as [DeclaredService, DeclaredService];
  const grants = parseGrants(yaml);
  return {
    now,
    project,
    grantsFile: { file: "grants.yaml", yaml, grants: locateGrants(yaml) },
    joinTokens: [
      { id: "t1", name: "gripper/2", createdAt: ago(minutes(2)), expiresAt: now + minutes(13), uses: 1, used: 0 },
      { id: "t2", name: "worker/*", createdAt: ago(days(3)), expiresAt: ago(days(2)), uses: 100, used: 3 },
    ],
    log: [{ kind: "join", subject: "spiffe://cafe/gripper/1", at: ago(days(90)) }].map((record, i) => ({
      seq: i + 1,
      actor: record.subject,
      details: "{}",
      previous: "",
      hash: "",
      ...record,
    })),
    fleet: {
      trustDomain: "cafe",
      bots: [
        bot("gripper/1"),
        bot("coffee/1"),
        bot("operator/ada", { certificateIssuedAt: ago(days(2)), certificateExpiresAt: ago(days(1)) }),
        // It did its work and stopped, as a job does.
        bot("nightly/1", { certificateIssuedAt: ago(days(3)), certificateExpiresAt: ago(days(2)) }),
      ],
      processes: [
        process("gripper/1", { services: [gripper], addresses: ["10.0.0.1:50051"] }),
        process("coffee/1", { services: [coffee], addresses: ["127.0.0.1:50052"] }),
        process("nightly/1", { online: false, lastSeenAt: ago(days(3)), stoppedAt: ago(days(3)), manifestHash: "" }),
        process("interlock/authority", {
          manifestHash: "",
          services: ["interlock.authority.v1.AdminService", "grpc.health.v1.Health"],
        }),
      ],
      manifests: new Map([
        ["hash-of-gripper", [gripperService]],
        ["hash-of-coffee", [coffeeService]],
      ]),
      servers: [serverRecord("gripper/1", gripper), serverRecord("coffee/1", coffee)],
      usage: [
        usage(`${gripper}/Grip`, "coffee/1"),
        usage(`${gripper}/WatchForce`, "coffee/1"),
        usage(`${coffee}/Brew`, "operator/ada"),
        usage(`${coffee}/Menu`, "operator/ada"),
        usage(`${coffee}/Brew`, "coffee/2", { denial: "SCOPE_MISSING" }),
        usage("interlock.authority.v1.AdminService/ListBots", "operator/ada", { bot: "interlock/authority" }),
      ],
      days: [],
      grants,
      grantsVersion: 1,
      grantVersions: [{ version: 1, appliedAt: ago(days(90)), appliedBy: "operator/ada", grants }],
    },
    scan: {
      startedAt: ago(minutes(2)),
      endedAt: ago(minutes(1)),
      targets: ["127.0.0.1", "10.0.0.1:50000-50100"],
      ports: [
        port("10.0.0.1:50051", "gripper/1"),
        port("127.0.0.1:50052", "coffee/1"),
        // The authority's doors are open to bots that have no certificate yet.
        port("127.0.0.1:7443", "interlock/authority", {
          tls: {
            versions: ["TLSv1.3"],
            demandsClientCertificate: "no",
            acceptsForeignCertificate: "no",
            certificate: {
              spiffeId: "spiffe://cafe/interlock/authority",
              names: [],
              expiresAt: now + minutes(40),
              isOfFleet: true,
            },
          },
        }),
        // A database and a web page are no endpoints of the fleet.
        port("127.0.0.1:5432", undefined, { protocol: "another", tls: undefined }),
        port("127.0.0.1:8080", undefined, { protocol: "http/1.1", tls: undefined }),
      ],
    },
  } satisfies AuditInputs;
}
