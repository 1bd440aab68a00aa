import assert from "node:assert/strict";
import { AdminService } from "@interlock/bot/protocol";
import { editGrants, parseGrants } from "@interlock/policy/grants";
import { cafe, cafeGrants, coffee, diagnostics, gripper } from "../testing/cafe-fleet.js";
import {
  ago,
  type BotSpec,
  type CallSpec,
  day,
  type FleetSpec,
  fleetWith,
  now,
  serviceWith,
} from "../testing/fleet.js";
import { plural } from "../text.js";
import type { Verdict } from "./judge-grant.js";
import { type ProposalOptions, proposeGrants } from "./propose-grants.js";
import { replayCalls } from "./replay-calls.js";

const grip = `${gripper.name}/Grip`;
const watch = `${gripper.name}/WatchForce`;

/** The judgment of each grant of a fleet: `identity scope` to the verdict and its reason. */
function judge(spec: FleetSpec, options?: ProposalOptions): Record<string, readonly [Verdict, string]> {
  const { judged } = proposeGrants(fleetWith(spec), options);
  return Object.fromEntries(judged.map((each) => [`${each.identity} ${each.scope}`, [each.verdict, each.reason]]));
}

/** The cafe with other bots or calls. */
const cafeWith = ({ bots = [], calls = [], ...more }: Partial<FleetSpec>): FleetSpec => ({
  ...cafe,
  bots: [...cafe.bots.filter(({ name }) => !bots.some((other) => other.name === name)), ...bots],
  calls: [...(cafe.calls ?? []), ...calls],
  ...more,
});

const gripperBot = (more: Partial<BotSpec>): BotSpec => ({ name: "gripper/1", serves: [gripper], ...more });
const withGrant = (identity: string, service: string, ...scopes: string[]) =>
  `${cafeGrants}  "${identity}":\n    ${service}: [${scopes.map((scope) => `"${scope}"`).join(", ")}]\n`;
/** coffee/2 may watch the force, and never has. */
const overGranted = cafeGrants.replace("[gripper:actuate]\n  gripper", "[gripper:actuate, gripper:observe]\n  gripper");

describe("proposeGrants", () => {
  it("proposes nothing for a fleet in order", () => {
    const proposal = proposeGrants(fleetWith(cafe));
    assert.deepEqual(
      proposal.judged.map(({ verdict }) => verdict),
      ["used", "used", "used", "used"],
    );
    assert.deepEqual(proposal.edit, { remove: [], narrow: [] });
    assert.deepEqual(proposal.grants, parseGrants(cafeGrants));
    assert.deepEqual(proposeGrants({ now }).judged, []);
  });

  it("takes away what is granted and was not used within the window", () => {
    const inputs = fleetWith(cafeWith({ grants: overGranted }));
    const { edit, grants } = proposeGrants(inputs);
    assert.deepEqual(edit, {
      remove: [{ identity: "coffee/2", service: gripper.name, scope: "gripper:observe" }],
      narrow: [],
    });
    assert.deepEqual(grants, parseGrants(cafeGrants));
    assert.equal(editGrants(overGranted, edit), cafeGrants);
    assert.deepEqual(replayCalls(inputs, grants).refused, []);
  });

  it("counts calls within the window only, and a shorter one on request", () => {
    const old: CallSpec = { bot: "gripper/1", method: watch, caller: "coffee/2", lastAt: ago(31) };
    assert.equal(judge(cafeWith({ grants: overGranted, calls: [old] }))["coffee/2 gripper:observe"]?.[0], "unused");
    const longer = judge(cafeWith({ grants: overGranted, calls: [old] }), { window: 40 * day });
    assert.equal(longer["coffee/2 gripper:observe"]?.[0], "used");
    const all = judge(cafeWith({ grants: overGranted, calls: [old] }), { window: "all" });
    assert.equal(all["coffee/2 gripper:observe"]?.[0], "used");
  });

  it("counts what was refused as too much or past the sunset as use, and what was refused for its grants not", () => {
    const verdictOf = (denial: string) =>
      judge(
        cafeWith({ grants: overGranted, calls: [{ bot: "gripper/1", method: watch, caller: "coffee/2", denial }] }),
      )["coffee/2 gripper:observe"]?.[0];
    assert.deepEqual(["RATE_LIMITED", "METHOD_SUNSET", "SCOPE_MISSING", "TOKEN_SIGNATURE"].map(verdictOf), [
      "used",
      "used",
      "unused",
      "unused",
    ]);
  });

  it("never proposes a grant, or a bot, that is younger than the window", () => {
    const young = judge(cafeWith({ grants: overGranted, grantedAt: ago(29) }));
    assert.deepEqual(
      Object.values(young).map(([verdict]) => verdict),
      ["young", "young", "young", "young", "young"],
    );
    const joined = judge(
      cafeWith({ grants: overGranted, bots: [{ name: "coffee/2", serves: [coffee], joinedAt: ago(3) }] }),
    );
    assert.match(joined["coffee/2 gripper:observe"]?.join() ?? "", /^young,coffee\/2 is there only since 2026-05-09/);
    assert.equal(
      judge(cafeWith({ grants: overGranted, grantedAt: ago(29) }), { window: "all" })["coffee/2 gripper:observe"]?.[0],
      "unused",
    );
  });

  it("knows since when a grant has held without a break", () => {
    const inputs = fleetWith(cafeWith({ grants: overGranted }));
    const version = (number: number, days: number, yaml: string) => ({
      version: number,
      appliedAt: ago(days),
      appliedBy: "operator/alice",
      grants: parseGrants(yaml),
    });
    const since = (...versions: ReturnType<typeof version>[]) => {
      const { judged } = proposeGrants({ ...inputs, fleet: { ...inputs.fleet, grantVersions: versions } });
      const { heldSince, verdict } =
        judged.find(({ identity, scope }) => identity === "coffee/2" && scope === "gripper:observe") ?? {};
      return [Math.round((now - (heldSince ?? 0)) / day), verdict];
    };
    assert.deepEqual(since(version(4, 90, overGranted), version(5, 2, `${overGranted}# more\n`)), [90, "unused"]);
    assert.deepEqual(since(version(4, 90, overGranted), version(5, 40, cafeGrants), version(6, 2, overGranted)), [
      2,
      "young",
    ]);
    assert.deepEqual(since(version(3, 200, cafeGrants)), [0, "young"]);
  });

  describe("says unknown where it cannot tell", () => {
    const unknown: Record<string, readonly [Partial<FleetSpec>, RegExp]> = {
      "a server counted not all": [
        { bots: [gripperBot({ uncountedAt: ago(20) })] },
        /gripper\/1 has served it without counting every call, last at 2026-04-22/,
      ],
      "a server has not reported for hours, and its certificate is valid": [
        {
          bots: [
            gripperBot({}),
            gripperBot({ name: "gripper/2", lastSeenAt: ago(0.5), certificateExpiresAt: now + day }),
          ],
        },
        /gripper\/2 has not been seen since 2026-05-12 00:00 UTC, and may still serve it/,
      ],
      "a server with a certificate from elsewhere has not reported for years": [
        {
          bots: [
            gripperBot({}),
            gripperBot({ name: "gripper/2", lastSeenAt: ago(500), servedSince: ago(900), joins: false }),
          ],
        },
        /gripper\/2 has not been seen/,
      ],
      "a server with a certificate from elsewhere has reported only since it came": [
        {
          bots: [gripperBot({}), gripperBot({ name: "gripper/2", servedSince: ago(10), joins: false })],
        },
        /gripper\/2 has reported its calls only since 2026-05-02/,
      ],
      "the service is younger than the window": [
        { bots: [gripperBot({ servedSince: ago(10) })] },
        /has reported its calls only since/,
      ],
      "no server has reported the service": [
        { bots: [{ name: "gripper/1" }] },
        /cafe\.gripper\.v1\.GripperService has no server that has ever reported/,
      ],
      "a bot calls a method that is not known": [
        { calls: [{ bot: "gripper/1", method: `${gripper.name}/Squeeze`, caller: "coffee/2" }] },
        /coffee\/2 calls .*Squeeze, whose policy is not known/,
      ],
      "a bot may have a stream open": [
        {
          calls: [
            { bot: "gripper/1", method: watch, caller: "coffee/2", lastAt: now - 3_600_000, firstAt: now - 3_700_000 },
          ],
        },
        /coffee\/2 may still have a stream open since/,
      ],
    };
    for (const [why, [changed, reason]] of Object.entries(unknown)) {
      it(why, () => {
        const window = why.includes("stream") ? 600_000 : 30 * day;
        const spec = cafeWith({ ...changed, grants: overGranted });
        const [verdict, said] = judge(spec, { window })["coffee/2 gripper:observe"] ?? [];
        assert.equal(verdict, "unknown", said);
        assert.match(said ?? "", reason);
        const { edit } = proposeGrants(fleetWith(spec), { window });
        assert.ok(!edit.remove.some(({ identity, scope }) => identity === "coffee/2" && scope === "gripper:observe"));
      });
    }

    it("and not where a server ended in good order, or cannot serve any more", () => {
      const gone: Partial<BotSpec>[] = [
        { stoppedAt: ago(20) },
        { lastSeenAt: ago(20), certificateExpiresAt: ago(20) + 60_000 },
        { lastSeenAt: ago(20), revokedAt: ago(20) },
        { lastSeenAt: ago(20), retiredAt: ago(20) },
        { lastSeenAt: ago(40), certificateExpiresAt: ago(39) },
        { lastSeenAt: now - 100_000 },
        { servedSince: ago(10), joinedAt: ago(10) },
      ];
      for (const more of gone) {
        const bots = [gripperBot({}), gripperBot({ name: "gripper/2", certificateExpiresAt: now + day, ...more })];
        const found = judge(cafeWith({ bots, grants: overGranted }))["coffee/2 gripper:observe"];
        assert.equal(found?.[0], "unused", `${JSON.stringify(more)} ${found?.[1]}`);
      }
    });

    it("for a scope that allows look-ups only", () => {
      const grants = withGrant("diagnostics/1", coffee.name, "directory:read");
      assert.equal(judge(cafeWith({ grants }))["diagnostics/1 directory:read"]?.[0], "unknown");
    });
  });

  it("takes away what a bot has that is gone, also where calls are not counted", () => {
    const uncounted = gripperBot({ uncountedAt: ago(1) });
    const verdictOf = (bot: Partial<BotSpec> | undefined, calls: CallSpec[] = []) => {
      const bots = [uncounted, ...(bot ? [{ name: "tea/1", ...bot }] : [])];
      return judge(cafeWith({ bots, calls, grants: withGrant("tea/1", gripper.name, "gripper:actuate") }))[
        "tea/1 gripper:actuate"
      ];
    };
    assert.match(verdictOf({ retiredAt: ago(40) })?.join() ?? "", /^vanished,tea\/1 has been retired on 2026-04-02/);
    assert.match(verdictOf({ revokedAt: ago(40) })?.join() ?? "", /^vanished,tea\/1 has been revoked/);
    const unseen = { lastSeenAt: ago(50), certificateIssuedAt: ago(50), certificateExpiresAt: ago(49) };
    assert.match(verdictOf(unseen)?.join() ?? "", /^vanished,tea\/1 has not been seen since 2026-03-23/);
    // It may call with a certificate from elsewhere.
    assert.equal(verdictOf(undefined)?.[0], "unknown");
    const known = cafeWith({ grants: withGrant("tea/1", gripper.name, "gripper:actuate") });
    assert.match(
      judge(known)["tea/1 gripper:actuate"]?.join() ?? "",
      /^vanished,no bot tea\/1 has ever joined or reported/,
    );
    // A revocation can be lifted, so what was used before it stays; a retired bot does not come back.
    const call: CallSpec = { bot: "gripper/1", method: grip, caller: "tea/1", lastAt: ago(5) };
    assert.equal(verdictOf({ revokedAt: ago(4) }, [call])?.[0], "used");
    assert.equal(verdictOf({ retiredAt: ago(4) }, [call])?.[0], "vanished");
  });

  describe("replaces a pattern by names", () => {
    const grants = cafeGrants
      .replace(/ {2}coffee\/1:\n.*\n {2}coffee\/2:\n/, '  "coffee/*":\n')
      .replace("[gripper:actuate]", "[gripper:actuate, gripper:observe]");
    const options = { window: 30 * day };

    it("of the bots that used it", () => {
      const inputs = fleetWith(cafeWith({ grants }));
      const { judged, edit } = proposeGrants(inputs, options);
      assert.deepEqual(
        judged.slice(0, 2).map(({ verdict, names, reason }) => [verdict, names, reason]),
        [
          [
            "used",
            undefined,
            `${plural(judged[0]?.calls ?? 0, "call")} needed it; the pattern stays: each of its bots uses it`,
          ],
          ["wildcard", ["coffee/1"], "only coffee/1 used it, and 1 other never needed it"],
        ],
      );
      const edited = editGrants(grants, edit);
      assert.deepEqual(replayCalls(inputs, parseGrants(edited)).refused, []);
      assert.equal(
        edited,
        grants.replace(
          ", gripper:observe]\n",
          "]\n  coffee/1:\n    cafe.gripper.v1.GripperService: [gripper:observe]\n",
        ),
      );
      const kept = proposeGrants(inputs, { ...options, keepWildcards: true });
      assert.deepEqual(kept.edit, { remove: [], narrow: [] });
    });

    it("not where a bot of the pattern came within the window, or calls may be missing, or they are many", () => {
      const stays = (changed: Partial<FleetSpec>) =>
        judge(cafeWith({ grants, ...changed }), options)["coffee/* gripper:observe"];
      assert.match(
        stays({ bots: [{ name: "coffee/3", joinedAt: ago(2) }] })?.join() ?? "",
        /^used,.* coffee\/3 is there only since/,
      );
      assert.match(stays({ bots: [gripperBot({ uncountedAt: ago(1) })] })?.join() ?? "", /^used,.*without counting/);
      const names = Array.from({ length: 21 }, (_, i) => `coffee/${i + 10}`);
      const many = {
        bots: [...names, "coffee/9"].map((name) => ({ name })),
        calls: names.map((caller) => ({ bot: "gripper/1", method: watch, caller, count: 900 })),
      };
      assert.match(stays(many)?.join() ?? "", /^used,.* 22 bots use it$/);
    });

    it("not where a bot of the pattern is invited, and has not joined; nor is such a grant unused", () => {
      const inputs = fleetWith(
        cafeWith({ grants: overGranted.replace("coffee/2:", '"coffee/*":').replace("coffee/1", "tea/1") }),
      );
      const token = { id: "t", createdAt: ago(1), expiresAt: now + day, uses: 1, used: 0 };
      const verdicts = (name: string, more: object = {}) =>
        proposeGrants({ ...inputs, joinTokens: [{ ...token, name, ...more }] }).judged.map(
          ({ identity, verdict }) => `${identity} ${verdict}`,
        );
      const [closed, open] = [verdicts("other/1"), verdicts("coffee/7")];
      assert.deepEqual(closed.slice(0, 4), ["tea/1 vanished", "tea/1 vanished", "coffee/* used", "coffee/* wildcard"]);
      assert.deepEqual(open.slice(2, 4), ["coffee/* used", "coffee/* used"]);
      assert.deepEqual(verdicts("tea/1").slice(0, 2), ["tea/1 young", "tea/1 young"]);
      assert.deepEqual(verdicts("coffee/1"), closed, "it is there already");
      for (const spent of [{ used: 1 }, { expiresAt: now }]) assert.deepEqual(verdicts("coffee/7", spent), closed);
    });

    it("not where it may be chance that the others did not use it", () => {
      const observe = (count: number) => {
        const call: CallSpec = { bot: "gripper/1", method: watch, caller: "coffee/2", count, firstAt: ago(count) };
        const calls = [...(cafe.calls ?? []).filter(({ method }) => method !== watch), call];
        return judge({ ...cafe, grants, calls }, options)["coffee/* gripper:observe"];
      };
      // Each day of use is one draw of two bots: six of them leave 1.6 %, seven 0.8 %.
      assert.match(
        observe(6)?.join() ?? "",
        /^used,6 calls needed it; .* 1 of its 2 bots did not use it, which may be chance$/,
      );
      assert.equal(observe(7)?.[0], "wildcard");
    });

    it("keeps bots that are revoked, and people, and leaves out those that are retired", () => {
      const bots = [
        { name: "coffee/2", revokedAt: ago(1) },
        { name: "coffee/3" },
        { name: "coffee/9", retiredAt: ago(1) },
      ];
      const calls = ["coffee/2", "coffee/9"].map((caller) => ({ bot: "gripper/1", method: watch, caller, count: 900 }));
      const { judged } = proposeGrants(fleetWith(cafeWith({ grants, bots, calls })), options);
      assert.deepEqual(judged[1]?.names, ["coffee/1", "coffee/2"]);
      const everyone = grants.replace("coffee/*", "**");
      const broad = proposeGrants(fleetWith(cafeWith({ grants: everyone })), options).judged;
      assert.deepEqual(broad.map(({ names }) => names).slice(0, 2), [
        ["coffee/1", "coffee/2", "operator/alice"],
        ["coffee/1", "operator/alice"],
      ]);
      const judged2 = proposeGrants(fleetWith(cafeWith({ grants: everyone })), {
        ...options,
        includeOperators: true,
      }).judged;
      assert.deepEqual(judged2[1]?.names, ["coffee/1"]);
    });
  });

  it("judges operators on request only, and never takes the last one away", () => {
    const grants = withGrant("operator/alice", gripper.name, "gripper:observe");
    assert.equal(judge(cafeWith({ grants }))["operator/alice gripper:observe"]?.[0], "operator");
    const included = judge(cafeWith({ grants }), { includeOperators: true });
    assert.equal(included["operator/alice gripper:observe"]?.[0], "unused");

    const admin = serviceWith(AdminService.name, [
      { name: "ApplyGrants", scopes: ["grants:write"] },
      { name: "Revoke", scopes: ["bots:revoke"] },
    ]);
    const authority: BotSpec = { name: "interlock/authority", serves: [admin] };
    const chief = withGrant("chief/1", AdminService.name, "grants:write", "bots:revoke");
    const bots = (more: BotSpec[]) => [authority, { name: "chief/1" }, ...more];
    const without = { name: "operator/alice", retiredAt: ago(3) };
    const lonely = judge(cafeWith({ grants: chief, bots: bots([without]) }), { includeOperators: true });
    assert.equal(lonely["chief/1 grants:write"]?.[0], "operator");
    assert.equal(lonely["chief/1 bots:revoke"]?.[0], "operator");
    const several = judge(cafeWith({ grants: chief, bots: bots([]) }), { includeOperators: true });
    assert.equal(several["chief/1 grants:write"]?.[0], "unused");
  });

  it("keeps a last scope with which a bot finds methods that take any bot", () => {
    const both = serviceWith("cafe.v1.Mixed", [
      { name: "Status", anyBot: true },
      { name: "Mix", scopes: ["mix:do"] },
      { name: "Stir", scopes: ["mix:stir"] },
    ]);
    const calls = [{ bot: "mixed/1", method: "cafe.v1.Mixed/Status", caller: "coffee/1" }];
    const bots = [{ name: "mixed/1", serves: [both] }];
    const grants = withGrant("coffee/*", both.name, "mix:do");
    assert.match(
      judge(cafeWith({ grants, bots, calls }))["coffee/* mix:do"]?.join() ?? "",
      /^unknown,coffee\/1 calls methods .* to find it$/,
    );
    assert.equal(judge(cafeWith({ grants, bots }))["coffee/* mix:do"]?.[0], "unused");
  });

  describe("judges token:exchange by the actors on record", () => {
    // coffee/1 calls gateway/1 at the gate, which calls the gripper for it.
    const gate = serviceWith("cafe.v1.Gate", [{ name: "Ask", scopes: ["gate:ask"] }]);
    const bots = [{ name: "gateway/1", serves: [gate] }];
    const grants = `${cafeGrants.replace("coffee/1:\n", `coffee/1:\n    ${gate.name}: [gate:ask, gripper:actuate]\n`)}  gateway/1:
    ${gate.name}: ["token:exchange"]
    ${gripper.name}: ["token:exchange"]
    ${coffee.name}: ["token:exchange"]
`;
    const asked: CallSpec = { bot: "gateway/1", method: `${gate.name}/Ask`, caller: "coffee/1" };
    const forwarded: CallSpec = { bot: "gripper/1", method: grip, caller: "coffee/1", actors: ["gateway/1"] };
    const verdicts = (spec: Partial<FleetSpec>) => {
      const { judged } = proposeGrants(fleetWith(cafeWith({ grants, bots, ...spec })));
      const ofExchange = judged.filter(({ scope }) => scope === "token:exchange");
      return Object.fromEntries(ofExchange.map(({ service, verdict }) => [service.split(".").at(-1), verdict]));
    };

    it("used at the called service, and where the callers are", () => {
      const calls = [asked, forwarded];
      assert.deepEqual(verdicts({ calls }), { Gate: "used", GripperService: "used", CoffeeService: "unused" });
      // The subject's token for the gate held the gripper's scope, though no method of the gate needs it.
      const { judged } = proposeGrants(fleetWith(cafeWith({ grants, bots, calls })));
      const passed = judged.find(({ service, scope }) => service === gate.name && scope === "gripper:actuate");
      assert.equal(passed?.verdict, "used");
    });

    it("unused where nobody acted, and every service is covered where its bot might have", () => {
      assert.deepEqual(verdicts({ calls: [asked] }), {
        Gate: "unused",
        GripperService: "unused",
        CoffeeService: "unused",
      });
      const gap = verdicts({
        calls: [asked],
        bots: [...bots, { name: "coffee/2", serves: [coffee], uncountedAt: ago(3) }],
      });
      assert.deepEqual(gap, { Gate: "unknown", GripperService: "unknown", CoffeeService: "unknown" });
    });

    it("replays delegated calls: each grant that they need is missed", () => {
      const inputs = fleetWith(cafeWith({ grants, bots, calls: [asked, forwarded] }));
      const missing = (text: string, replacement = "") => {
        const changed = parseGrants(grants.replace(text, replacement));
        return replayCalls(inputs, changed).refused.map((each) => [
          each.caller,
          each.method.split("/").at(-1),
          each.missing.map(({ bot, scope, service }) => `${bot} ${scope} ${service.split(".").at(-1)}`),
        ]);
      };
      assert.deepEqual(missing("# nothing"), []);
      assert.deepEqual(missing(`    ${coffee.name}: ["token:exchange"]\n`), []);
      assert.deepEqual(missing(`    ${gate.name}: ["token:exchange"]\n`), [
        ["coffee/1", "Grip", ["gateway/1 token:exchange Gate"]],
      ]);
      assert.deepEqual(missing(`    ${gripper.name}: ["token:exchange"]\n`), [
        ["coffee/1", "Grip", ["gateway/1 token:exchange GripperService"]],
      ]);
      assert.deepEqual(missing("[gate:ask, gripper:actuate]", "[gate:ask]"), [
        ["coffee/1", "Grip", ["coffee/1 gripper:actuate Gate"]],
      ]);
    });
  });

  it("reads 50,000 rows of usage of 2,000 bots in less than 2 s of CPU", () => {
    const services = Array.from({ length: 50 }, (_, i) =>
      serviceWith(
        `cafe.v1.S${i}`,
        Array.from({ length: 5 }, (_, j) => ({ name: `M${j}`, scopes: [`s${i}:m${j}`] as const })),
      ),
    );
    const servers: BotSpec[] = services.map((service, i) => ({ name: `server/${i}`, serves: [service] }));
    const clients: BotSpec[] = Array.from({ length: 1_950 }, (_, i) => ({ name: `client/${i}` }));
    const calls: CallSpec[] = Array.from({ length: 50_000 }, (_, i) => ({
      bot: `server/${i % 50}`,
      method: `cafe.v1.S${i % 50}/M${Math.floor(i / 50) % 4}`,
      caller: `client/${Math.floor(i / 26) % 1_950}`,
      firstAt: ago(i % 300) - 1,
      lastAt: ago(i % 300),
      count: 1,
    }));
    const lines = services.map(
      ({ name }, i) => `    ${name}: [${Array.from({ length: 5 }, (_, j) => `s${i}:m${j}`).join(", ")}]`,
    );
    const names = Array.from(
      { length: 900 },
      (_, i) => `  client/${i}:\n    cafe.v1.S${i % 50}: [s${i % 50}:m0, s${i % 50}:m4]`,
    );
    const grants = `grants:\n  "client/*":\n${lines.join("\n")}\n${names.join("\n")}\n`;
    const inputs = fleetWith({ bots: [...servers, ...clients], calls, grants });
    assert.equal(inputs.fleet.usage.length, 50_000);
    const began = process.cpuUsage();
    const proposal = proposeGrants(inputs);
    const replay = replayCalls(inputs, proposal.grants);
    const { user, system } = process.cpuUsage(began);
    assert.ok(user + system < 2_000_000, `${(user + system) / 1_000} ms`);
    // Nobody has called the fifth method of any service; each row within the window counts.
    assert.equal(
      proposal.edit.remove.filter(({ identity, scope }) => identity === "client/*" && scope.endsWith(":m4")).length,
      50,
    );
    const within = inputs.fleet.usage.filter(({ lastAt }) => lastAt >= ago(30));
    assert.equal(replay.calls, within.length);
    assert.ok(within.length > 4_900);
    assert.deepEqual(replay.refused, []);
  });
});

describe("replayCalls", () => {
  it("names the calls that grants would have refused: the caller, the method, how many, the last, and what is missing", () => {
    const inputs = fleetWith(cafe);
    const replay = replayCalls(inputs, parseGrants(cafeGrants.replace(", gripper:observe", "")));
    assert.deepEqual(
      replay.refused.map(({ caller, method, lastAt, missing }) => [caller, method, lastAt, missing]),
      [["coffee/1", watch, now - 3_600_000, [{ bot: "coffee/1", service: gripper.name, scope: "gripper:observe" }]]],
    );
    assert.ok((replay.refused[0]?.count ?? 0) > 0 && (replay.refused[0]?.count ?? 0) < 60, "those of the window");
    assert.equal(replayCalls(inputs, parseGrants(cafeGrants), "all").calls, 4_000 + 3_500 + 60 + 900 + 850 + 120);
    assert.deepEqual(replayCalls({ now }, []).calls, 0);
  });

  it("sets apart what is refused already, what retired bots did, and methods that are not known", () => {
    const unknown: CallSpec = { bot: "gripper/1", method: `${gripper.name}/Squeeze`, caller: "coffee/1" };
    const stranger: CallSpec = { bot: "coffee/1", method: `${coffee.name}/Brew`, caller: "tea/1" };
    const any: CallSpec = { bot: "diagnostics/1", method: `${diagnostics.name}/Status`, caller: "tea/1" };
    const operator: CallSpec = {
      bot: "interlock/authority",
      method: `${AdminService.name}/Revoke`,
      caller: "operator/alice",
    };
    const admin = serviceWith(AdminService.name, [{ name: "Revoke", scopes: ["bots:revoke"] }]);
    const bots = [
      { name: "coffee/2", retiredAt: ago(1) },
      { name: "interlock/authority", serves: [admin] },
    ];
    const inputs = fleetWith(cafeWith({ bots, calls: [unknown, stranger, any, operator] }));
    const replay = replayCalls(inputs, []);
    const short = (calls: typeof replay.refused) =>
      calls.map(({ caller, method }) => `${caller} ${method.split("/")[1]}`).sort();
    assert.deepEqual(short(replay.refused), ["coffee/1 Grip", "coffee/1 WatchForce", "gripper/1 Brew"]);
    assert.deepEqual(short(replay.refusedAlready), ["tea/1 Brew"]);
    assert.deepEqual(short(replay.ofRetired), ["coffee/2 Grip"]);
    assert.deepEqual(short(replay.unknown), ["coffee/1 Squeeze"]);
    assert.deepEqual(replayCalls(inputs, inputs.fleet.grants).unknown, []);
  });
});
