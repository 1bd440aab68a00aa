import assert from "node:assert/strict";
import { ago, days, grant, hours, inputsOf, minutes, now, service, serving, usage } from "../testing/pieces.js";
import { planRetirement } from "./plan-retirement.js";

const grip = service("cafe.Grip", {
  Close: { scopes: ["grip:close"] },
  Open: { scopes: ["grip:open"] },
  Both: { scopes: ["grip:close", "grip:open", "grip:both"] },
  Watch: { scopes: ["grip:watch"], kind: "bidiStreaming" },
  Any: { anyBot: true, kind: "bidiStreaming" },
});
const bot = { kind: "bot", name: "gripper/1" } as const;
const method = (name: string) => ({ kind: "method", name: `cafe.Grip/${name}` }) as const;
const processes = [serving("gripper/1", ["cafe.Grip", "grpc.health.v1.Health"]), serving("gripper/22", ["cafe.Grip"])];

describe("plan retirement", () => {
  it("ends access first, and proves last", () => {
    const { steps, known, joined, services, targets } = planRetirement(inputsOf({ processes }, [grip]), bot);
    assert.deepEqual(
      steps.map(({ id, by }) => [id, by]),
      [
        ["revoke", "interlock"],
        ["membership", "interlock"],
        ["grants", "interlock"],
        ["grants-file", "interlock"],
        ["directory", "interlock"],
        ["gateway", "nothing"],
        ["mesh", "nothing"],
        ["dns", "nothing"],
        ["unit", "nothing"],
        ["rescan", "interlock"],
      ],
    );
    assert.deepEqual([known, joined, services], [true, true, ["cafe.Grip"]]);
    assert.deepEqual(targets, [{ address: "10.0.0.1:50009", bot: "gripper/1", methods: undefined }]);
  });

  it("plans for a bot whose certificate comes from elsewhere, and says when nobody knows a name", () => {
    const foreign = planRetirement(inputsOf({ processes, bots: [{ name: "gripper/1" }] }, [grip]), bot);
    assert.deepEqual([foreign.known, foreign.joined], [true, false]);
    assert.match(foreign.steps[1]?.does ?? "", /comes from elsewhere/);
    const inputs = inputsOf({ processes }, [grip]);
    assert.equal(planRetirement(inputs, { kind: "bot", name: "ghost/1" }).known, false);
    assert.equal(planRetirement(inputs, method("Ghost")).known, false);
    assert.equal(planRetirement(inputs, { kind: "service", name: "cafe.Ghost" }).known, false);
  });

  it("removes of a bot only the grants in its name", () => {
    const grants = [grant("gripper/1", "cafe.Lamp"), grant("gripper/*", "cafe.Lamp"), grant("gripper/22", "cafe.Lamp")];
    const { removed, kept } = planRetirement(inputsOf({ processes, grants }, [grip]), bot);
    assert.deepEqual(removed, [grants[0]]);
    assert.match(kept.join(), /gripper\/\* stay.*revocation/);
  });

  it("removes of a method only the scopes that no other method needs, and says which stay", () => {
    const grants = ["close", "open", "both", "watch"].map((action) => grant("a/1", "cafe.Grip", `grip:${action}`));
    const inputs = inputsOf({ processes, grants }, [grip]);
    assert.deepEqual(planRetirement(inputs, method("Watch")).removed, [grants[3]]);
    const close = planRetirement(inputs, method("Close"));
    assert.deepEqual(close.removed, []);
    assert.match(close.kept.join(), /grip:close stay: cafe\.Grip\/Both/);
    assert.deepEqual(planRetirement(inputs, method("Both")).removed, [grants[2]]);
    const retiredMethods = ["cafe.Grip/Both"];
    assert.deepEqual(planRetirement(inputsOf({ processes, grants, retiredMethods }, [grip]), method("Close")).removed, [
      grants[0],
    ]);
    assert.deepEqual(planRetirement(inputs, { kind: "service", name: "cafe.Grip" }).removed, grants);
  });

  it("names live callers: within the window, or with a stream that may still be open", () => {
    const calls = [
      usage("cafe.Grip/Close", "a/1", { bot: "gripper/1" }),
      usage("cafe.Grip/Close", "b/1", { bot: "gripper/22" }),
      usage("cafe.Grip/Close", "old/1", { bot: "gripper/1", lastAt: ago(days(2)) }),
      usage("cafe.Grip/Close", "denied/1", { bot: "gripper/1", denial: "SCOPE_MISSING" }),
      usage("cafe.Grip/Close", "gone/1", { bot: "gripper/1" }),
      usage("cafe.Grip/Watch", "watch/1", { bot: "gripper/1", lastAt: ago(days(2)) }),
      usage("cafe.Grip/Watch", "watch/2", { bot: "gripper/1", lastAt: ago(days(9)) }),
      usage("cafe.Grip/Watch", "watch/3", { bot: "gripper/22", lastAt: ago(days(2)) }),
    ];
    const running = [
      serving("gripper/1", ["cafe.Grip"], { startedAt: ago(days(3)) }),
      serving("gripper/22", ["cafe.Grip"]),
    ];
    const bots = [
      { name: "gripper/1", joinedAt: 1 },
      { name: "gone/1", joinedAt: 1, revokedAt: 2 },
    ];
    const inputs = inputsOf({ processes: running, usage: calls, bots }, [grip]);
    const callers = (plan: ReturnType<typeof planRetirement>) =>
      plan.callers.map(({ caller, mayBeOpen }) => [caller, mayBeOpen]);
    assert.deepEqual(callers(planRetirement(inputs, bot)), [
      ["a/1", false],
      ["watch/1", true],
    ]);
    assert.deepEqual(callers(planRetirement(inputs, method("Close"))), [
      ["a/1", false],
      ["b/1", false],
    ]);
    assert.deepEqual(callers(planRetirement(inputs, method("Close"), { windowMs: minutes(30) - 1 })), []);
  });

  it("names the callers of methods that no manifest names, too", () => {
    const silent = serving("python/1", ["cafe.Py"], { manifestHash: "" });
    const servers = [{ bot: "python/1", service: "cafe.Py", firstAt: 0, lastAt: now, uncountedAt: ago(hours(1)) }];
    const calls = [
      usage("cafe.Py/Do", "a/1", { bot: "python/1" }),
      usage("cafe.Py/Do", "b/1", { bot: "other/1" }),
      usage("grpc.health.v1.Health/Check", "c/1", { bot: "python/1" }),
      usage("…", "d/1", { bot: "python/1" }),
    ];
    const inputs = inputsOf({ processes: [silent], usage: calls, servers });
    const of = (subject: Parameters<typeof planRetirement>[1]) => {
      const { callers, doubts } = planRetirement(inputs, subject);
      return [callers.map(({ caller }) => caller), doubts.length];
    };
    assert.deepEqual(of({ kind: "service", name: "cafe.Py" }), [["a/1", "b/1"], 1]);
    assert.deepEqual(of({ kind: "bot", name: "python/1" }), [["a/1"], 1]);
  });

  it("does not count calls from before the sunset", () => {
    const past = service("cafe.Old", { Do: { deprecation: { since: "2026-01-01", sunset: "2026-06-01" } } });
    const processesOfOld = [serving("old/1", ["cafe.Old"])];
    const call = (lastAt: number) => [usage("cafe.Old/Do", "a/1", { bot: "old/1", lastAt })];
    const plan = (lastAt: number) =>
      planRetirement(inputsOf({ processes: processesOfOld, usage: call(lastAt) }, [past]), {
        kind: "bot",
        name: "old/1",
      });
    assert.equal(plan(ago(hours(13))).callers.length, 0);
    assert.equal(plan(ago(hours(11))).callers.length, 1);
  });

  it("doubts where a server did not count, and where nothing was read", () => {
    const servers = [{ bot: "gripper/1", service: "cafe.Grip", firstAt: 0, lastAt: now, uncountedAt: ago(hours(1)) }];
    assert.match(planRetirement(inputsOf({ processes, servers }, [grip]), bot).doubts.join(), /without counting/);
    const long = [{ ...servers[0], uncountedAt: ago(days(2)) } as (typeof servers)[0]];
    assert.deepEqual(planRetirement(inputsOf({ processes, servers: long }, [grip]), bot).doubts, []);
    assert.equal(planRetirement({ now }, bot).doubts.length, 1);
  });

  it("tries every method whose handler cannot start by that, at every process that has not ended", () => {
    const all = [
      ...processes,
      serving("gripper/333", ["cafe.Grip"], { online: false }),
      serving("e/1", ["cafe.Grip"], { stoppedAt: 1 }),
    ];
    const { targets } = planRetirement(inputsOf({ processes: all }, [grip]), { kind: "service", name: "cafe.Grip" });
    assert.deepEqual(
      targets.map((target) => target.bot),
      ["gripper/1", "gripper/22", "gripper/333"],
    );
    assert.deepEqual(
      targets[0]?.methods,
      ["Close", "Open", "Both", "Watch"].map((name) => `/cafe.Grip/${name}`),
    );
    const none = planRetirement(inputsOf({ processes: all }, [grip]), method("Any"));
    assert.deepEqual(none.targets[0]?.methods, []);
    assert.equal(planRetirement(inputsOf({ processes: all }, [grip]), bot).targets[0]?.methods, undefined);
  });

  it("looks at 256 addresses at most, and says how many it leaves out", () => {
    const of = (count: number) => {
      const addresses = Array.from({ length: count }, (_, i) => `10.1.${i >> 8}.${i & 255}:1`);
      const inputs = inputsOf({ processes: [serving("g/1", ["cafe.Grip"], { addresses })] }, [grip]);
      const { targets, untried } = planRetirement(inputs, method("Open"), { addresses: ["10.2.0.1:1"] });
      return [targets.length, untried, targets[0]?.address];
    };
    assert.deepEqual(of(255), [256, 0, "10.2.0.1:1"]);
    assert.deepEqual(of(256), [256, 1, "10.2.0.1:1"]);
  });
});
