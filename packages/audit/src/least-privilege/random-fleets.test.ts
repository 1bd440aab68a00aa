import assert from "node:assert/strict";
import { coversIdentity } from "@interlock/policy";
import { editGrants, type Grant, parseGrants } from "@interlock/policy/grants";
import { ago, type BotSpec, type CallSpec, fleetWith, serviceWith } from "../testing/fleet.js";
import { proposeGrants } from "./propose-grants.js";
import { replayCalls } from "./replay-calls.js";

const services = ["cafe.v1.A", "cafe.v1.B", "cafe.v1.C"];
const methods = ["x", "y", "z"];
const names = ["a/1", "a/2", "a/3", "b/1", "b/2", "operator/x"];
const patterns = [...names, "a/*", "b/*", "**", "c/1"];

/** Numbers that look random and are the same in each run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed * 7_919 + 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** A fleet whose calls were all allowed by its grants. */
function randomFleet(seed: number) {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]) => list[random(list.length)] as T;
  const granted = new Map<string, Map<string, Set<string>>>();
  for (let i = 0; i < 4 + random(20); i++) {
    const scope = random(5) === 0 ? "token:exchange" : `s:${pick(methods)}`;
    const [identity, service] = [pick(patterns), pick(services)];
    const ofIdentity = granted.get(identity) ?? new Map<string, Set<string>>();
    granted.set(identity, ofIdentity);
    ofIdentity.set(service, (ofIdentity.get(service) ?? new Set()).add(scope));
  }
  const lines = [...granted].flatMap(([identity, ofIdentity]) => [
    `  "${identity}": # of ${identity}`,
    ...[...ofIdentity].map(([service, scopes]) => `    ${service}: [${[...scopes].map((s) => `"${s}"`).join(", ")}]`),
  ]);
  const grants = `grants:\n${lines.join("\n")}\n`;
  const served = services.map((name) =>
    serviceWith(name, [
      ...methods.map((method) => ({ name: method, scopes: [`s:${method}`] as const })),
      { name: "any", anyBot: true },
    ]),
  );
  const servers = served.map(
    (service, i): BotSpec => ({
      name: `server/${i}`,
      serves: [service],
      ...(random(6) === 0 && { uncountedAt: ago(random(60)) }),
      ...(random(6) === 0 && { servedSince: ago(random(60)) }),
    }),
  );
  const bots = names.slice(0, 4 + random(3)).map(
    (name): BotSpec => ({
      name,
      ...(random(8) === 0 && { retiredAt: ago(random(60)) }),
      ...(random(8) === 0 && { revokedAt: ago(random(60)) }),
      ...(random(8) === 0 && { joinedAt: ago(random(60)) }),
    }),
  );
  const calls = Array.from({ length: random(30) }, (): CallSpec => {
    const i = random(services.length);
    const actors = random(4) === 0 ? [pick([...names, "server/0", "server/1"])] : [];
    const lastAt = ago(random(50));
    const method = `${services[i]}/${pick([...methods, "any"])}`;
    return { bot: `server/${i}`, method, caller: pick(names), actors, lastAt, count: 1 + random(40), firstAt: ago(60) };
  });
  const spec = { bots: [...servers, ...bots], grants, grantedAt: ago(20 + random(60)) };
  // What the grants in force refuse was not called.
  const refused = new Set(
    replayCalls(fleetWith({ ...spec, calls }), parseGrants(grants), "all").refusedAlready.map((each) =>
      [each.caller, each.method, ...each.actors].join(),
    ),
  );
  const allowed = calls.filter(({ caller, method, actors = [] }) => !refused.has([caller, method, ...actors].join()));
  return fleetWith({ ...spec, calls: allowed });
}

describe("a proposal, whatever the fleet is", () => {
  it("refuses no recorded call, gives nothing new, and takes nothing that is young or may be used", () => {
    let changes = 0;
    for (let seed = 1; seed <= 120; seed++) {
      const inputs = randomFleet(seed);
      for (const window of [30 * 86_400_000, "all"] as const) {
        const proposal = proposeGrants(inputs, { window, includeOperators: seed % 2 === 0 });
        const replay = replayCalls(inputs, proposal.grants, window);
        assert.deepEqual([replay.refused, replay.unknown, replay.refusedAlready], [[], [], []], `seed ${seed}`);
        const covered = (grant: Grant) =>
          inputs.fleet.grants.some(
            (each) =>
              each.service === grant.service &&
              each.scope === grant.scope &&
              coversIdentity(each.identity, grant.identity),
          );
        assert.ok(proposal.grants.every(covered), `seed ${seed}`);
        const uncounted = new Set(
          inputs.fleet.servers
            .filter(({ uncountedAt }) => uncountedAt !== undefined && uncountedAt >= (proposal.period.from ?? 0))
            .map(({ service }) => service),
        );
        for (const { verdict, service, heldSince, names: to = [] } of proposal.judged) {
          if (!["unused", "wildcard"].includes(verdict)) continue;
          changes++;
          assert.ok(window === "all" || heldSince <= (proposal.period.from ?? 0), `seed ${seed}`);
          assert.ok(!uncounted.has(service), `seed ${seed}`);
          assert.ok(verdict === "unused" || to.length > 0);
        }
        const edited = editGrants(inputs.grantsFile?.yaml ?? "", proposal.edit);
        const key = ({ identity, service, scope }: Grant) => `${identity} ${service} ${scope}`;
        assert.deepEqual(new Set(parseGrants(edited).map(key)), new Set(proposal.grants.map(key)), `seed ${seed}`);
      }
    }
    assert.ok(changes > 150, `only ${changes} changes: the test tests nothing`);
  });
});
