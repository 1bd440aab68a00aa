import assert from "node:assert/strict";
import { cutOffsOf, maximumCutOffs } from "./cut-offs.js";

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
});
