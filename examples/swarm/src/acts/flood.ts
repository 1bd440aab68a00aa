import { setTimeout as delay } from "node:timers/promises";
import { OperatorService } from "@interlock/swarm";
import type { Said } from "../chronicle.js";
import { quantile, timeCalls } from "../latency.js";
import { throughGateway } from "../operate.js";
import type { Act, Seen } from "./act.js";
import { measureAgain, type Timed } from "./measure-again.js";

const rounds = 9;
const callsEach = 40;
const settleMs = 80;
/** The natural variation of the p99 of a few hundred calls, when a dozen processes share two processors. */
const scatterMs = 20;

/**
 * The laptop calls the gateway as often as it can, while the operator asks the leader through the same gateway about a task.
 * Windows alternate: in every other one the laptop floods a robot, because all processes share the processors, and that cost
 * is not the cost of the flood. The bar is the p99 of the calls in flooded windows: within 20 % of the other windows, or
 * within the natural variation of such a p99.
 */
export const flood: Act = {
  name: "flood",
  attacker: "the visitor's laptop",
  title: "The visitor's laptop floods the gateway with bogus orders",
  bars: [9],
  verdict: "blocked",
  expected: "RESOURCE_EXHAUSTED RATE_LIMITED; the others' p99 within 20 %, or 20 ms",
  async play({ fleet, work, operator, visitor, chronicle, keepBusy }) {
    const { gateway: victim } = fleet;
    const [other] = fleet.workers;
    const [taskId] = work.submitted;
    if (!other || !taskId) throw new Error("It takes a robot and a task.");
    const refusedByVictim = ({ from, denial }: Said<"denial">) =>
      from === victim.name && denial.reason === "RATE_LIMITED";
    const client = throughGateway(operator).client(OperatorService, victim.address);
    const laptop = await fleet.laptop();
    const since = Date.now();
    const window = async ({ address }: { readonly address: string }) => {
      const { path } = OperatorService.methods.submitTask;
      laptop.tell({ type: "flood", address, path, papers: await visitor() });
      await delay(settleMs);
      const times = await timeCalls(() => client.getTask({ taskId }, { timeoutMs: 5_000 }), callsEach);
      return { times, answers: await laptop.ask<Record<string, number>>({ type: "enough" }) };
    };

    const measure = async (): Promise<Omit<Seen, "denial"> & Timed & { readonly code: string }> => {
      await keepBusy();
      const [calm, flooded]: [number[], number[]] = [[], []];
      const had = new Map<string, number>();
      let floodedMs = 0;
      for (let i = 0; i < rounds; i++) {
        calm.push(...(await window(other)).times);
        const began = performance.now();
        const { answers, times } = await window(victim);
        floodedMs += performance.now() - began;
        flooded.push(...times);
        for (const [code, count] of Object.entries(answers)) had.set(code, (had.get(code) ?? 0) + count);
      }
      const [before, during] = [quantile(calm, 0.99), quantile(flooded, 0.99)];
      const bar = before + Math.max(0.2 * before, scatterMs);
      const letIn = had.get("OK") ?? 0;
      const limited = had.get("RESOURCE_EXHAUSTED") ?? 0;
      const refused = [...had.values()].reduce((sum, count) => sum + count, 0) - letIn;
      const rate = Math.round((refused / floodedMs) * 1_000);
      const times = `p99 ${before.toFixed(1)} ms before, ${during.toFixed(1)} ms meanwhile`;
      const code = letIn > 0 || limited === 0 ? "OK" : "RESOURCE_EXHAUSTED";
      const seen = `${refused} refused, ${rate} a second; the others' ${times}`;
      return { seen, ms: floodedMs, ok: code !== "OK", tookMs: during, atMostMs: bar, code };
    };

    try {
      await window(other); // A warm-up: the first calls are slow.
      const { code, seen, ms, ok } = await measureAgain(measure);
      const { reason } = (await chronicle.until("denial", refusedByVictim, since)).denial;
      return { ms, ok, seen: `${code} ${reason}: ${seen}`, denial: { code, reason } };
    } finally {
      await laptop.kill();
    }
  },
};
