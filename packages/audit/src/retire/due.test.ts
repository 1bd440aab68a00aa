import assert from "node:assert/strict";
import { inputsOf, service, serving, usage } from "../testing/pieces.js";
import { findDue } from "./due.js";
import { subjectText } from "./subject.js";

const old = { deprecation: { since: "2026-01-01", sunset: "2026-05-01" } };
const mixed = service("cafe.Mixed", {
  New: {},
  Old: old,
  Soon: { deprecation: { since: "2026-01-01", sunset: "2026-07-01" } },
});
const dead = service("cafe.Dead", { A: old, B: old });
const live = service("cafe.Live", { A: {} });
const due = (...args: Parameters<typeof inputsOf>) => {
  const { subjects, ...more } = findDue(inputsOf(...args));
  return { subjects: subjects.map(subjectText), ...more };
};

describe("due", () => {
  it("finds methods, services all of whose methods are past their sunset, and bots that serve only such", () => {
    const processes = [
      serving("mixed/1", ["cafe.Mixed"]),
      serving("dead/1", ["cafe.Dead", "grpc.health.v1.Health"]),
      serving("both/1", ["cafe.Dead", "cafe.Live"]),
    ];
    assert.deepEqual(due({ processes }, [mixed, dead, live]), {
      subjects: ["method cafe.Mixed/Old", "service cafe.Dead", "bot dead/1"],
      kept: [],
      unknown: [],
    });
  });

  it("keeps a bot that calls others, unless what it calls goes, too", () => {
    const processes = [serving("dead/1", ["cafe.Dead"]), serving("mixed/1", ["cafe.Mixed"])];
    const calls = (method: string) =>
      due({ processes, usage: [usage(method, "dead/1", { bot: "mixed/1" })] }, [mixed, dead]);
    assert.deepEqual(calls("cafe.Mixed/New").subjects, ["method cafe.Mixed/Old", "service cafe.Dead"]);
    assert.match(calls("cafe.Mixed/New").kept.join(), /dead\/1 .* calls cafe\.Mixed\/New of mixed\/1/);
    for (const method of [
      "cafe.Mixed/Old",
      "interlock.authority.v1.AuthorityService/Renew",
      "grpc.health.v1.Health/Check",
    ]) {
      assert.ok(calls(method).subjects.includes("bot dead/1"), method);
    }
  });

  it("says of what it knows no manifest, and judges by the project before any process", () => {
    const processes = [serving("python/1", ["cafe.Dead"], { manifestHash: "" })];
    assert.match(due({ processes }, []).unknown.join(), /python\/1 serves cafe\.Dead/);
    const place = { file: "a.proto", line: 1, column: 1 };
    const declared = { ...dead, place, methods: dead.methods.map((method) => ({ ...method, place })) };
    const found = findDue({ ...inputsOf({ processes }, []), project: { services: [declared] } });
    assert.deepEqual([found.subjects.map(subjectText), found.unknown], [["service cafe.Dead", "bot python/1"], []]);
  });

  it("judges by every process where no project declares it, so that none alone makes another's method due", () => {
    const extended = service("cafe.Dead", {
      A: { deprecation: { since: "2026-01-01", sunset: "2026-07-01" } },
      B: old,
    });
    const processes = [
      serving("dead/1", ["cafe.Dead"], { manifestHash: "1", startedAt: 1 }),
      serving("dead/2", ["cafe.Dead"], { manifestHash: "2", startedAt: 2 }),
    ];
    const { fleet, now } = inputsOf({ processes }, []);
    const of = (first: typeof dead, second: typeof dead) =>
      findDue({
        now,
        ...(fleet && {
          fleet: {
            ...fleet,
            manifests: new Map([
              ["1", [first]],
              ["2", [second]],
            ]),
          },
        }),
      });
    assert.deepEqual(of(dead, extended).subjects.map(subjectText), ["method cafe.Dead/B"]);
    assert.deepEqual(of(extended, dead).subjects.map(subjectText), ["method cafe.Dead/B"]);
    const alive = service("cafe.Dead", { A: {}, B: {} });
    assert.deepEqual(of(alive, dead).subjects, []);
    const unsaid = [...processes, serving("python/1", ["cafe.Dead"], { manifestHash: "", startedAt: 0 })];
    const { subjects, unknown } = due({ processes: unsaid }, [dead]);
    assert.deepEqual(subjects, []);
    assert.match(unknown.join(), /^python\/1 serves cafe\.Dead/);
  });

  it("never finds the authority or its services", () => {
    const own = service("interlock.authority.v1.AdminService", { A: old });
    const processes = [serving("interlock/authority", ["interlock.authority.v1.AdminService"])];
    assert.deepEqual(due({ processes }, [own]), { subjects: [], kept: [], unknown: [] });
  });
});
