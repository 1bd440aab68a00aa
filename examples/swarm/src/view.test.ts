import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { render, type ViewState } from "./view.js";
import { createWorld } from "./world.js";

const denial = { at: 3.21, who: "stranger, no certificate", code: "UNAUTHENTICATED", reason: "TOKEN_SUBJECT_MISMATCH" };
const state: ViewState = {
  world: createWorld(),
  robots: [
    { name: "worker/1", position: { x: 0, y: 0 }, carrying: "" },
    { name: "worker/12", position: { x: 1, y: 0 }, carrying: "bolts 7" },
  ],
  elapsed: 12.34,
  tasks: { total: 200, waiting: 145, active: 5, done: 50 },
  throughput: 9.96,
  denials: [denial],
  joinLine: "node worker.js --join ILK1-x",
  note: "carrying",
};

describe("view", () => {
  it("shows robots and what they carry, shelves and stations", () => {
    const lines = render(state, false).split("\n");
    assert.match(lines[2] ?? "", /^│1·C■ /);
    assert.match(lines[3] ?? "", /▒▒▒▒▒▒▒▒/);
    assert.match(lines[11] ?? "", /▼▼/);
  });

  it("counts, and shows what was refused with code and reason", () => {
    const text = render(state, false);
    assert.match(text, /12\.3 s {2}2 robots/);
    assert.match(text, /50\/200 done {2}5 under way {2}145 waiting {2}10\.0\/s/);
    assert.match(text, /✘ {3}3\.2 s {2}stranger, no certificate +UNAUTHENTICATED +TOKEN_SUBJECT_MISMATCH/);
  });

  it("fits 80 columns and 24 rows, but for the line to copy", () => {
    const joinLine = "x".repeat(200);
    const lines = render({ ...state, denials: Array(9).fill(denial), joinLine }, false).split("\n");
    assert.equal(lines.at(-1), joinLine);
    assert.ok(lines.slice(0, -1).every((line) => line.length < 80));
    assert.ok(lines.length - 1 + Math.ceil(200 / 80) <= 24, `${lines.length} lines`);
  });

  it("differs in colour only", () => {
    const colored = render(state, true);
    assert.notEqual(colored, render(state, false));
    assert.equal(stripVTControlCharacters(colored), render(state, false));
  });
});
