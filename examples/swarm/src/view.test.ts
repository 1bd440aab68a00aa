import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { ActState } from "./gen/warehouse/v1/feed.js";
import { render, scoreboard, type ViewState } from "./view.js";
import { createWorld } from "./world.js";

const act = (name: string, state: ActState, ok = true) => ({
  act: name,
  verdict: "blocked",
  state,
  seen: "UNAVAILABLE NO_CERTIFICATE",
  ms: 12.4,
  ok,
});
const { ACT_STATE_ENDED, ACT_STATE_PLANNED, ACT_STATE_RUNNING } = ActState;
const state: ViewState = {
  world: createWorld(),
  robots: [
    { name: "worker/1", position: { x: 0, y: 0 }, carrying: "", battery: 1, status: "" },
    { name: "worker/12", position: { x: 1, y: 0 }, carrying: "bolts 7", battery: 1, status: "" },
    { name: "worker/3", position: { x: 2, y: 0 }, carrying: "", battery: 0.2, status: "charging" },
  ],
  machines: [
    { name: "arm 1", state: "gripping", user: "worker/1" },
    { name: "coffee", state: "idle", user: "" },
  ],
  elapsed: 12.34,
  tasks: { total: 200, waiting: 145, active: 5, done: 50 },
  throughput: 9.96,
  denied: 1_200,
  acts: [
    ...Array.from({ length: 6 }, (_, i) => act(`no-certificate-${i}`, ACT_STATE_ENDED)),
    act("emergency-stop", ACT_STATE_ENDED, false),
    act("flood", ACT_STATE_RUNNING),
    act("zombie", ACT_STATE_PLANNED),
  ],
  address: "http://127.0.0.1:65535/",
  joinLine: "node worker.js --join ILK1-x",
  note: "A stranger calls the leader, and again, and again.",
};

describe("view", () => {
  it("shows robots and their activities, shelves, stations and machines", () => {
    const lines = render(state, false).split("\n");
    assert.match(lines[2] ?? "", /^│1·C■3\+ /);
    assert.match(lines[3] ?? "", /▒▒▒▒▒▒▒▒/);
    assert.match(lines[11] ?? "", /▼▼◆ .*▼▼◊ /);
    assert.match(lines[10] ?? "", /\(\)│$/);
  });

  it("shows counts, the running act and the results of the latest", () => {
    const text = render(state, false);
    assert.match(text, /12\.3 s {2}act 8 of 9 {2}A stranger calls/);
    assert.match(text, /50\/200 done {2}5 active {2}145 waiting {2}10\.0\/s {2}1200 refused/);
    assert.match(text, /✘ FAILED +emergency-stop +12 ms {2}UNAVAILABLE NO_CERTIFICATE/);
    assert.doesNotMatch(text, /no-certificate-2/);
  });

  it("fits 80 columns and 24 rows, except for the line to copy", () => {
    const joinLine = "x".repeat(200);
    const lines = render({ ...state, joinLine }, false).split("\n");
    assert.equal(lines.at(-1), joinLine);
    assert.deepEqual(
      lines.slice(0, -1).filter((line) => line.length >= 80),
      [],
    );
    assert.ok(lines.length - 1 + Math.ceil(200 / 80) <= 24, `${lines.length} lines`);
  });

  it("differs in color only", () => {
    const colored = render(state, true);
    assert.notEqual(colored, render(state, false));
    assert.equal(stripVTControlCharacters(colored), render(state, false));
  });

  it("has a scoreboard of all acts, with the bars they show", () => {
    const played = {
      expected: "",
      verdict: "survived" as const,
      bars: [2, 3],
      seen: "lost after 2000 ms",
      ms: 2_000,
      ok: true,
    };
    const lines = scoreboard([
      { act: "kill-worker", ...played },
      { act: "flood", ...played, bars: [], ok: false },
    ]);
    assert.match(lines[1] ?? "", /^ 2,3 {2}✔ survived kill-worker +2000 ms {2}lost after 2000 ms$/);
    assert.match(lines[2] ?? "", /^ {6}✘ FAILED +flood/);
    assert.equal(lines.at(-1), "1 of 2 acts as expected");
  });
});
