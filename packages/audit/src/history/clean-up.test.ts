import assert from "node:assert/strict";
import { cleanUpPage } from "../reports/clean-up-page.js";
import { runAudit } from "../run-audit.js";
import { cafe } from "../testing/cafe-in-order.js";
import { days, now, port } from "../testing/pieces.js";
import { cleanUp } from "./clean-up.js";
import { parseKeptRun, toKeptRun } from "./kept-run.js";
import { periodStart } from "./period.js";

/** An audit of the cafe with plaintext ports that a bot has reported. */
function auditAt(at: number, ports: readonly number[]) {
  const inputs = cafe();
  const [process] = inputs.fleet.processes;
  if (!process) throw new Error("the cafe is empty");
  const open = ports.map((number) => port(`10.0.0.1:${number}`, undefined, { tls: undefined }));
  const reported = { ...process, bot: "arm/1", manifestHash: "", addresses: open.map(({ address }) => address) };
  const fleet = { ...inputs.fleet, processes: [...inputs.fleet.processes, { ...reported, services: [] }] };
  return { ...runAudit({ ...inputs, fleet, scan: { ...inputs.scan, ports: [...inputs.scan.ports, ...open] } }), at };
}

const kept = (at: number, ports: readonly number[]) => parseKeptRun(JSON.stringify(toKeptRun(auditAt(at, ports))));
const subjects = (findings: readonly { readonly subject: string }[]) =>
  findings.map(({ subject }) => subject.split(":")[1]);

describe("the clean-up", () => {
  it("says what is new, mended and still open since a day", () => {
    const runs = [
      kept(now - days(100), [1, 2]),
      kept(now - days(80), [2, 3]), // The last one before the day.
      kept(now - days(50), [3, 4, 5]),
      kept(now - days(10), [3, 5]),
    ];
    const result = cleanUp([...runs].reverse(), auditAt(now, [3, 5, 6]), now - days(60));
    assert.deepEqual(subjects(result.appeared), ["5", "6"]);
    assert.deepEqual(
      result.appeared.map(({ firstAt }) => firstAt),
      [now - days(50), now],
    );
    assert.deepEqual(subjects(result.mended), ["2", "4"]);
    assert.deepEqual(subjects(result.open), ["3"]);
    assert.deepEqual([result.runs, result.firstRunAt], [3, now - days(80)]);
  });

  it("calls everything new without a kept run, and lists what to retire", () => {
    const inputs = cafe();
    const scan = { ...inputs.scan, ports: [...inputs.scan.ports, port("10.0.0.1:9", undefined)] };
    const result = cleanUp([], runAudit({ ...inputs, scan }), now - days(90));
    assert.deepEqual([subjects(result.appeared), subjects(result.toRetire), result.mended], [["9"], ["9"], []]);
    assert.match(cleanUpPage(result), /No earlier result was kept[\s\S]*To retire[\s\S]*10\.0\.0\.1:9 listens/);
  });

  it("does not call new what could not be judged before, nor mended what cannot be judged now or is suppressed", () => {
    const before = kept(now - days(70), [1, 2, 3]);
    const [, second] = before.findings;
    const rule = second?.rule ?? "";
    const early = cleanUp([{ ...before, findings: [], notJudged: [rule] }], auditAt(now, [1]), now - days(60));
    assert.deepEqual([subjects(early.appeared), subjects(early.newlyJudged)], [[], ["1"]]);
    assert.match(cleanUpPage(early), /Judged since then/);

    const report = auditAt(now, [1]);
    const unable = { ...report, findings: [], notJudged: [{ rule, missing: ["scan" as const] }] };
    const late = cleanUp([before], unable, now - days(60));
    assert.deepEqual([late.mended, subjects(late.notJudged)], [[], ["1", "2", "3"]]);
    assert.match(cleanUpPage(late), /Not judged now/);

    const accepted = before.findings.slice(1).map(({ fingerprint }) => ({ fingerprint }));
    const decided = cleanUp([before], { ...report, suppressed: accepted as never }, now - days(60));
    assert.deepEqual([decided.mended, subjects(decided.suppressed)], [[], ["2", "3"]]);
    assert.match(cleanUpPage(decided), /Suppressed/);
  });

  it("refuses a kept run that is none", () => {
    assert.throws(() => parseKeptRun("{}"), /no kept result/);
    assert.throws(() => parseKeptRun('{"at":1,"findings":[{"rule":"a"}]}'), /finding 1 is incomplete/);
    assert.throws(() => parseKeptRun('{"at":1,"findings":[],"notJudged":[7]}'), /rules are malformed/);
    const finding = JSON.stringify(toKeptRun(auditAt(now, [1])).findings[0]);
    assert.equal(parseKeptRun(`{"at":1,"findings":[${Array(5_000).fill(finding).join()}]}`).findings.length, 5_000);
    assert.throws(() => parseKeptRun(`{"at":1,"findings":[${Array(5_001).fill(finding).join()}]}`), /more than 5000/);
  });

  it("knows the calendar's periods", () => {
    const start = (name: string, at: string) => {
      const time = periodStart(name, Date.parse(at));
      return time === undefined ? undefined : new Date(time).toISOString().slice(0, 10);
    };
    assert.equal(start("last-quarter", "2026-06-01T12:00:00Z"), "2026-01-01");
    assert.equal(start("last-quarter", "2026-02-28T23:59:59Z"), "2025-10-01");
    assert.equal(start("last-quarter", "2026-04-01T00:00:00Z"), "2026-01-01");
    assert.equal(start("last-month", "2026-01-31T00:00:00Z"), "2025-12-01");
    assert.equal(start("last-year", "2026-01-31T00:00:00Z"), undefined);
  });
});
