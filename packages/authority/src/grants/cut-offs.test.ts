import assert from "node:assert/strict";
import { cutOffsOf, loadCutOffs, maximumCutOffs } from "./cut-offs.js";

const row = (version: number, grants: object) => ({
  version,
  yaml: JSON.stringify({ grants }),
  appliedAt: version,
  appliedBy: "x",
});
const of = (...scopes: string[]) => ({ "a.B": scopes });

describe("cutOffsOf", () => {
  it("finds what was taken away, from version to version, and in which", () => {
    const versions = [
      row(3, { x: of("a:b", "a:c"), y: of("a:b") }),
      row(4, { x: of("a:b") }),
      row(5, { x: of("a:b") }),
    ];
    assert.deepEqual(cutOffsOf(versions), [
      { identity: "x", service: "a.B", scope: "a:c", grantsVersion: 4, except: [] },
      { identity: "y", service: "a.B", scope: "a:b", grantsVersion: 4, except: ["x"] },
    ]);
  });

  it("cuts nothing off that was only given, or was given back", () => {
    assert.deepEqual(cutOffsOf([row(1, {}), row(2, { x: of("a:b") })]), []);
    assert.deepEqual(cutOffsOf([row(1, { x: of("a:b") }), row(2, {}), row(3, { x: of("a:b") })]), []);
    assert.deepEqual(cutOffsOf([row(1, { x: of("a:b") })]), []);
    assert.deepEqual(cutOffsOf([]), []);
  });

  it("takes a scope that is held under a condition from now on as withdrawn", () => {
    const where = (condition: string) => ({ "a.B": [{ scope: "a:b", where: condition }] });
    const told = (...files: object[]) =>
      cutOffsOf(files.map((file, i) => row(i + 1, file))).map((one) => [one.identity, one.grantsVersion, one.except]);
    assert.deepEqual(told({ x: of("a:b") }, { x: where("n < 5") }), [["x", 2, []]]);
    assert.deepEqual(told({ x: where("n < 5") }, { x: where("n < 4") }), [["x", 2, []]]);
    assert.deepEqual(told({ x: where("n < 5") }, { x: of("a:b") }), []);
    assert.deepEqual(told({ "x/*": of("a:b") }, { "x/1": where("n < 5"), "x/2": of("a:b") }), [["x/*", 2, ["x/2"]]]);
  });

  it("excepts bots that hold the scope by another pattern", () => {
    const versions = [row(1, { "w/*": of("a:b") }), row(2, { "w/1": of("a:b"), z: of("a:c") })];
    assert.deepEqual(
      cutOffsOf(versions).map(({ identity, except }) => [identity, except]),
      [["w/*", ["w/1"]]],
    );
  });

  it("cuts every older token off where there is too much to say", () => {
    const many = Object.fromEntries(Array.from({ length: maximumCutOffs + 1 }, (_, i) => [`w/${i}`, of("a:b")]));
    assert.deepEqual(cutOffsOf([row(6, many), row(7, {})]), [
      { identity: "**", service: "", scope: "", grantsVersion: 7, except: [] },
    ]);
  });

  it("cuts off the tokens of federated trust domains as well then, which `**` does not match", () => {
    const many = Object.fromEntries(Array.from({ length: maximumCutOffs + 1 }, (_, i) => [`w/${i}`, of("a:b")]));
    const patterns = cutOffsOf([row(6, { ...many, "spiffe://partner/orders/*": of("a:b") }), row(7, {})]);
    assert.deepEqual(
      patterns.map(({ identity, scope }) => [identity, scope]),
      [
        ["**", ""],
        ["spiffe://partner/**", ""],
      ],
    );
  });

  it("says up to 2,000 things, exceptions among them", () => {
    const names = (count: number, more: object) => ({
      ...Object.fromEntries(Array.from({ length: count }, (_, i) => [`w/${i}`, of("a:b")])),
      ...more,
    });
    const cutOff = (count: number) =>
      cutOffsOf([row(1, names(count, { "v/*": of("a:c"), "v/1": of("a:c") })), row(2, { "v/1": of("a:c") })]);
    assert.equal(cutOff(maximumCutOffs - 2).length, maximumCutOffs - 1);
    assert.deepEqual(cutOff(maximumCutOffs - 2).at(-1)?.except, ["v/1"]);
    assert.equal(cutOff(maximumCutOffs - 1).length, 1);
  });

  it("looks back as long as a token may be valid, and a minute", async () => {
    const asked: number[] = [];
    const versions = [row(1, { x: of("a:b") }), row(2, {})];
    const grantVersions = {
      since: async (at: number) => {
        asked.push(at);
        return versions;
      },
    };
    assert.deepEqual(await loadCutOffs({ grantVersions } as never, 1_000_000), cutOffsOf(versions));
    assert.deepEqual(asked, [1_000_000 - 11 * 60_000]);
  });
});
