import { attacks, type Bystander, besiege, type Siege } from "@interlock/testing-siege";
import type { Benchmark } from "../benchmark.js";
import { printTable } from "../print-table.js";

/** Each attack is made so often, for a p99 of a hundred honest uses, where one round has time for 25. */
const usualRounds = 4;

/**
 * Every attack on availability, each beside an honest bystander: the bystander's p50 and p99 before, meanwhile and after, and
 * the target's memory. It judges: `ok` is false where a bar of the contract is missed.
 */
export const siege: Benchmark = {
  summary: "attacks on availability, and what an honest bystander notices of them",
  limitSeconds: 2_700,
  start({ progress, rounds = usualRounds }) {
    const sieges: Siege[] = [];
    return {
      parts: attacks.map(({ name }) => name),
      async measure(done) {
        for (const attack of attacks) {
          progress(`row ${attack.row}: ${attack.title}`);
          sieges.push(await besiege(attack, { rounds }));
          done(attack.name);
        }
      },
      result: () => ({
        ok: sieges.every(({ problems, slow }) => problems.length === 0 && slow.length === 0),
        json: { benchmark: "siege", node: process.version, sieges },
        text: print(sieges),
      }),
    };
  },
};

function print(sieges: readonly Siege[]): string {
  const header = [
    "attack",
    "sent",
    "honest use",
    "p50/p99 before",
    "meanwhile",
    "after",
    "failed",
    "memory",
    "verdict",
  ];
  const rows = sieges.flatMap(({ attack, row, outcome, bystanders, memoryMib, problems, slow }) =>
    bystanders.map((bystander, i) => [
      i === 0 ? `${row} ${attack}` : "",
      i === 0 ? String(outcome.sent) : "",
      ...cellsOf(bystander),
      i === 0 ? `${memoryMib} MiB` : "",
      i === 0 ? [...problems, ...slow].join("; ") || "ok" : "",
    ]),
  );
  return `siege: times in milliseconds\n\n${printTable([header, ...rows])}`;
}

function cellsOf({ probe, before, meanwhile, after }: Bystander): string[] {
  const times = [before, meanwhile, after].map(({ p50, p99 }) => `${p50}/${p99}`);
  return [probe, ...times, String(meanwhile.failed + after.failed)];
}
