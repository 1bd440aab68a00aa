import { type Attack, attacks, type Bystander, besiege, type Siege } from "@interlock/testing-siege";
import type { Benchmark } from "../benchmark.js";
import { printTable } from "../print-table.js";

/** Each attack is made so often, for a p99 of a hundred honest uses, where one round has time for 25. */
const usualRounds = 4;

/** An attack that was measured. */
interface JudgedSiege extends Siege {
  /** The bars of time that a first measurement missed; `slow` is of the second one then. Absent where one was enough. */
  readonly missedAtFirst?: readonly string[] | undefined;
}

/**
 * Every attack on availability, each beside an honest bystander: the bystander's p50 and p99 before, meanwhile and after, and
 * the target's memory. It judges: `ok` is false where a bar of the contract is missed; a bar of time, where it is missed twice.
 */
export const siege: Benchmark = {
  summary: "attacks on availability, and what an honest bystander notices of them",
  limitSeconds: 2_700,
  start({ progress, rounds = usualRounds }) {
    const sieges: JudgedSiege[] = [];
    return {
      parts: attacks.map(({ name }) => name),
      async measure(done) {
        for (const attack of attacks) {
          progress(`row ${attack.row}: ${attack.title}`);
          sieges.push(await judge(attack, rounds, progress));
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

/** Measures an attack, and once more where only bars of time were missed: a fault of ours misses them again. */
async function judge(attack: Attack, rounds: number, progress: (line: string) => void): Promise<JudgedSiege> {
  const first = await besiege(attack, { rounds });
  if (first.slow.length === 0 || first.problems.length > 0) return first;
  progress(`once more: ${first.slow.join("; ")}`);
  return { ...(await besiege(attack, { rounds })), missedAtFirst: first.slow };
}

function print(sieges: readonly JudgedSiege[]): string {
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
  const rows = sieges.flatMap((siege) =>
    siege.bystanders.map((bystander, i) => [
      i === 0 ? `${siege.row} ${siege.attack}` : "",
      i === 0 ? String(siege.outcome.sent) : "",
      ...cellsOf(bystander),
      i === 0 ? `${siege.memoryMib} MiB` : "",
      i === 0 ? verdictOf(siege) : "",
    ]),
  );
  return `siege: times in milliseconds\n\n${printTable([header, ...rows])}`;
}

function verdictOf({ problems, slow, missedAtFirst }: JudgedSiege): string {
  const verdict = [...problems, ...slow].join("; ") || "ok";
  return missedAtFirst ? `${verdict} (measured twice; first: ${missedAtFirst.join("; ")})` : verdict;
}

function cellsOf({ probe, before, meanwhile, after }: Bystander): string[] {
  const times = [before, meanwhile, after].map(({ p50, p99 }) => `${p50}/${p99}`);
  return [probe, ...times, String(meanwhile.failed + after.failed)];
}
