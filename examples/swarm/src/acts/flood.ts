import { setTimeout as delay } from "node:timers/promises";
import { RobotService } from "../gen/warehouse/v1/warehouse_interlock.js";
import { measureWindow, quantile, type Window } from "../latency.js";
import type { Act } from "./act.js";

const rounds = 3;
const callsEach = 300;
const settleMs = 150;

/**
 * The visitor's laptop calls a robot that works as often as it can, while the operator asks the same robot how it is. Quiet
 * and flooded windows take turns. The bar is the p99 of the flooded ones, by its median: within 20 % of the quiet ones, or
 * no higher than the highest of those, since two windows of a busy machine differ even when nothing else does.
 */
export const flood: Act = {
  name: "flood",
  attacker: "the visitor's laptop",
  title: "The visitor's laptop floods a robot with bogus commands",
  bars: [9],
  verdict: "blocked",
  expected: "RESOURCE_EXHAUSTED RATE_LIMITED; the others' p99 within 20 %",
  async play({ fleet, operator, visitor, chronicle, keepBusy }) {
    await keepBusy();
    const [victim] = fleet.workers;
    if (!victim) throw new Error("There is no robot.");
    const client = operator.client(RobotService, victim.address);
    const ask = () => client.getStatus({}, { timeoutMs: 2_000 });
    const laptop = await fleet.laptop(visitor);
    const { path } = RobotService.methods.break;
    const [quiet, flooded]: [Window[], Window[]] = [[], []];
    const since = Date.now();
    const had = new Map<string, number>();
    let floodedMs = 0;
    await measureWindow(ask, callsEach); // What is slow the first time is not what is looked for.
    for (let i = 0; i < rounds; i++) {
      quiet.push(await measureWindow(ask, callsEach));
      const began = performance.now();
      laptop.tell({ type: "flood", address: victim.address, path });
      await delay(settleMs);
      flooded.push(await measureWindow(ask, callsEach));
      const answers = await laptop.ask<Record<string, number>>({ type: "enough" });
      floodedMs += performance.now() - began;
      for (const [code, count] of Object.entries(answers)) had.set(code, (had.get(code) ?? 0) + count);
      await delay(settleMs);
    }
    await laptop.kill();
    const { denial } = await chronicle.until("denial", (said) => said.denial.reason === "RATE_LIMITED", since);
    const p99 = (windows: Window[]) =>
      quantile(
        windows.map((window) => window.p99),
        0.5,
      );
    const [before, during] = [p99(quiet), p99(flooded)];
    const bar = Math.max(1.2 * before, ...quiet.map((window) => window.p99));
    const [[code, refused] = ["OK", 0]] = [...had].sort(([, a], [, b]) => b - a);
    const { reason } = denial;
    const times = `the others' p99 ${before.toFixed(1)} ms before, ${during.toFixed(1)} ms meanwhile`;
    const seen = `${code} ${reason} ${refused} times, ${Math.round((refused / floodedMs) * 1_000)} a second; ${times}`;
    const ok = code === "RESOURCE_EXHAUSTED" && !had.has("OK") && during <= bar;
    return { seen, ms: floodedMs, ok, denial: { code, reason } };
  },
};
