import assert from "node:assert/strict";
import { breakingConfig } from "./breaking-config.js";

const config = (rest = "", ofModule = "") =>
  `version: v2\nmodules:\n  - path: protos${ofModule && `\n    breaking: ${ofModule}`}\n${rest}`;

describe("the rules for breaking changes", () => {
  it("are those of the base revision, whatever the change makes of them", () => {
    const base = config("breaking: {use: [FILE]}");
    for (const head of [
      config(),
      config("breaking: {use: [WIRE], ignore: [protos]}"),
      config("breaking: {use: [FILE]}", "{except: [FIELD_SAME_TYPE]}"),
    ]) {
      const judged = JSON.parse(breakingConfig(head, base) ?? "null");
      assert.deepEqual(judged, { version: "v2", modules: [{ path: "protos" }], breaking: { use: ["FILE"] } });
    }
    assert.deepEqual(JSON.parse(breakingConfig(config("breaking: {use: [WIRE]}"), undefined) ?? "null"), {
      version: "v2",
      modules: [{ path: "protos" }],
    });
    assert.deepEqual(JSON.parse(breakingConfig(config(), config("", "{use: [WIRE]}")) ?? "null"), {
      version: "v2",
      modules: [{ path: "protos", breaking: { use: ["WIRE"] } }],
    });
  });

  it("need no configuration of their own where they are the same", () => {
    assert.equal(breakingConfig(undefined, config()), undefined);
    assert.equal(breakingConfig(config(), undefined), undefined);
    const both = [config("breaking: {use: [WIRE]}"), `breaking: {use: [WIRE]}\n${config()}lint: {use: [STANDARD]}`];
    assert.equal(breakingConfig(both[0], both[1]), undefined);
    assert.throws(() => breakingConfig("- a list", config()));
  });
});
