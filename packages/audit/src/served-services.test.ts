import assert from "node:assert/strict";
import { knownServices } from "./facts/services.js";
import { collectPolicies } from "./least-privilege/method-policies.js";
import { knownMethods } from "./retire/known-methods.js";
import { inputsOf, service, serving } from "./testing/pieces.js";

const place = { file: "a.proto", line: 1, column: 1 };
const declared = service("cafe.Grip", { Watch: { scopes: ["grip:watch"] } });
// The liar would have its own grant of grip:close look used by its calls of Watch.
const forged = service("cafe.Grip", { Watch: { scopes: ["grip:watch", "grip:close"] }, More: {} });

const project = (...servedBy: readonly string[]) => ({
  services: [{ ...declared, servedBy, place, methods: declared.methods.map((method) => ({ ...method, place })) }],
});
const { now, fleet } = inputsOf({ processes: [serving("liar/1", ["cafe.Grip"])] }, [forged]);
const scopesOf = (...servedBy: readonly string[]) => {
  const inputs = { now, fleet, project: project(...servedBy) };
  const [known] = knownMethods(inputs).get("cafe.Grip") ?? [];
  return [
    [...(collectPolicies(inputs).of("cafe.Grip/Watch")?.scopes ?? [])].sort(),
    [...(known?.scopes ?? [])].sort(),
    knownServices(inputs).length,
  ];
};

describe("a forged manifest", () => {
  it("changes nothing about a service that its bot may not serve", () => {
    assert.deepEqual(scopesOf("gripper/*"), [["grip:watch"], ["grip:watch"], 1]);
    const both = ["grip:close", "grip:watch"];
    assert.deepEqual(scopesOf(), [both, both, 2], "where any bot may serve it, each is believed");
    assert.deepEqual(scopesOf("liar/*"), [both, both, 2]);
  });
});
