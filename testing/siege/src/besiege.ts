import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Forked, forkProcess, makeTemporaryFolder } from "@interlock/testing-processes";
import type { Attack, AttackOutcome, ProbeName, TargetAddress } from "./attack.js";
import type { AttackerAnswer, AttackerAsk } from "./attacker-process.js";
import type { BystanderAnswer, BystanderAsk } from "./bystander-process.js";
import { quantile } from "./quantile.js";
import { residentMemory, watchMemory } from "./resident-memory.js";
import { monotonicMs, type Sample } from "./sample.js";
import type { TargetAnswer, TargetAsk } from "./target-process.js";

/** How the honest bystander fared in one window of time. */
export interface Window {
  readonly uses: number;
  readonly failed: number;
  /** Why the first of them failed. */
  readonly failure?: string | undefined;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** What one honest use saw before, during and after an attack. */
export interface Bystander {
  readonly probe: ProbeName;
  readonly before: Window;
  readonly meanwhile: Window;
  readonly after: Window;
  /** How long after the attack the last use failed or was slow, in milliseconds; 0 where none was. */
  readonly recoveredMs: number;
}

/** What became of a target under attack. */
export interface Siege {
  readonly attack: string;
  readonly row: number;
  readonly outcome: AttackOutcome;
  readonly bystanders: readonly Bystander[];
  /** How much the target's resident memory grew at the most, in mebibytes. */
  readonly memoryMib: number;
  /** What the target printed during the attack, in kibibytes. */
  readonly logKib: number;
  /** How often a handler ran that the attacker must not reach. */
  readonly handled: number;
  /** What is not as the contract has it; empty where all is well. */
  readonly problems: readonly string[];
  /** Which of its bars of time were missed: a busy machine misses one now and then. */
  readonly slow: readonly string[];
}

/** How long things take. */
export interface SiegeTiming {
  /** The windows before the attack and after it, in milliseconds. Default: 2,000. */
  readonly windowMs?: number | undefined;
  /** The longest that an attack may take, in milliseconds. Default: what the attack says, or 4,000. */
  readonly attackMs?: number | undefined;
  /**
   * How often an attack is made. The honest uses of all rounds are counted together: of the 25 that a slow one has time for in one
   * round, the slowest would be the p99. Default: 1.
   */
  readonly rounds?: number | undefined;
}

/** Where attacks are made: a target of its own, an honest bystander, and the attacker, each a process. */
export interface SiegeStage {
  /** Resolves when the bystander has been served once more. Rejects with what went wrong. */
  control(): Promise<void>;
  make(attack: Attack): Promise<Siege>;
  end(): Promise<void>;
}

/** The window of time within which there is full service again after an attack. */
const fullServiceMs = 2_000;
const memoryBarMib = 200;
const logBarKib = 1_024;
const mebibyte = 1_024 * 1_024;

// `meanwhile` is also met where the bystander's p99 stays below this.
const p99BarMs = 50;
const p99Ratio = 3;
/** A stop is an emergency: it has a bar of its own. */
const stopBarMs = 250;
/** A lock is to reach every bot within a second. */
const lockBarMs = 1_000;
/** Slower by this factor than the bar is a fault on any machine. */
const orderOfMagnitude = 10;

const grants = `
grants:
  "honest/*":
    test.EchoService: [echo:call]
    interlock.authority.v1.AdminService: [bots:revoke]
    interlock.swarm.v1.OperatorService: [swarm:submit, swarm:read, swarm:operate]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:stop, safety:reset]
`;

/**
 * Opens a stage for attacks on one kind of target. `execPath` names another Node for the target.
 *
 * ```ts
 * const stage = await openStage([attack]);
 * const { problems } = await stage.make(attack);
 * await stage.end();
 * ```
 */
export async function openStage(
  attacks: readonly Attack[],
  { windowMs = 2_000, attackMs, rounds = 1, execPath }: SiegeTiming & { readonly execPath?: string | undefined } = {},
): Promise<SiegeStage> {
  const kind = attacks[0]?.target ?? "bot";
  if (attacks.some(({ target }) => target !== kind)) throw new TypeError("one stage has one kind of target");
  const temporary = makeTemporaryFolder("siege");
  const folder = temporary.path;
  const processes: { kill(): Promise<void> }[] = [];
  const start = <Ask extends object, Answer extends object>(file: string, name: string) => {
    const url = new URL(`./${file}-process.js`, import.meta.url);
    const isTarget = file === "target";
    const forked = forkProcess<Ask, Answer>(url, name, {
      countOutput: isTarget,
      execPath: isTarget ? execPath : undefined,
    });
    processes.push(forked);
    return forked;
  };
  async function end(): Promise<void> {
    await Promise.all(processes.map((forked) => forked.kill()));
    temporary.remove();
  }
  const all = <T>(of: (attack: Attack) => readonly T[] | undefined) => [
    ...new Set(attacks.flatMap((attack) => of(attack) ?? [])),
  ];
  try {
    const authority = start<TargetAsk, TargetAnswer>("target", "authority");
    const yaml = grants + all(({ grants }) => [grants ?? ""]).join("");
    let { target } = await authority.ask({ do: "authority", folder, grants: yaml });
    const invite = async (name: string) => (await authority.ask({ do: "invite", name })).joinToken as string;
    let besieged = authority;
    if (kind !== "authority") {
      besieged = start<TargetAsk, TargetAnswer>("target", kind);
      const joinToken = await invite(kind === "bot" ? "echo/1" : "leader/1");
      const address = target?.address ?? "";
      ({ target } = await besieged.ask({ do: "member", kind, authority: address, joinToken, folder }));
    }
    if (!target) throw new Error("the target did not start");
    const at = target;
    const probes = all((attack) => attack.probes);
    const bystander = start<BystanderAsk, BystanderAnswer>("bystander", "bystander");
    const joinTokens = probes.includes("join") ? await inAll(joiners(rounds), invite) : [];
    const joinToken = await invite("honest/1");
    await bystander.ask({ do: "begin", target: at, joinToken, probes, joinTokens, folder });
    await pause(windowMs / 2); // Connections and code are warm after this.
    let turn = 0;
    return {
      async control() {
        await bystander.ask({ do: "use" });
      },
      make(attack) {
        const prepare = async () => {
          const attacker = start<AttackerAsk, AttackerAnswer>("attacker", attack.name);
          const botTokens = await inAll(attack.bots ?? [], invite);
          const stolen = await inAll(attack.joinTokens ?? [], invite);
          await attacker.ask({
            do: "prepare",
            attack: attack.name,
            target: at,
            botTokens,
            joinTokens: stolen,
            folder: join(folder, `${turn++}`),
            forMs: attackMs,
          });
          return attacker;
        };
        return measure({ attack, target: at, besieged, bystander, prepare, windowMs, rounds });
      },
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Makes one attack on a stage of its own. */
export async function besiege(attack: Attack, options: Parameters<typeof openStage>[1] = {}): Promise<Siege> {
  const stage = await openStage([attack], options);
  try {
    return await stage.make(attack);
  } finally {
    await stage.end();
  }
}

/** As many as can join in so many rounds, one after the other. */
function joiners(rounds: number): string[] {
  return Array.from({ length: 160 * rounds }, (_, i) => `joiner/${i + 1}`);
}

async function inAll<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

interface Battle {
  readonly attack: Attack;
  readonly target: TargetAddress;
  readonly besieged: Forked<TargetAsk, TargetAnswer>;
  readonly bystander: Forked<BystanderAsk, BystanderAnswer>;
  /** Starts the attacker of one round, and gives it what it needs. */
  readonly prepare: () => Promise<Forked<AttackerAsk, AttackerAnswer>>;
  readonly windowMs: number;
  readonly rounds: number;
}

/** What the bystander saw in one round of an attack. */
interface Round {
  readonly before: readonly Sample[];
  readonly meanwhile: readonly Sample[];
  readonly late: readonly Sample[];
  /** When the attack ended. */
  readonly endedAt: number;
}

async function measure({ attack, target, besieged, bystander, prepare, windowMs, rounds }: Battle): Promise<Siege> {
  const handledSoFar = async () => (await besieged.ask({ do: "handled" })).handled ?? 0;
  const handledBefore = await handledSoFar();
  const memoryBefore = await residentMemory(besieged.pid);
  const printedBefore = besieged.printed;
  const memory = watchMemory(besieged.pid);
  let gone: string | number | undefined;
  void besieged.ended.then((how) => {
    gone = how;
  });
  const seen: Round[] = [];
  let outcome: AttackOutcome | undefined;
  while (seen.length < rounds && gone === undefined) {
    const attacker = await prepare();
    const samples = async () => (await bystander.ask({ do: "samples" })).samples;
    await samples();
    await pause(windowMs);
    const before = await samples();
    outcome = sumOf(outcome, await attacker.ask({ do: "attack" }));
    const endedAt = monotonicMs();
    const meanwhile = await samples();
    await pause(fullServiceMs + windowMs);
    seen.push({ before, meanwhile, late: await samples(), endedAt });
    await attacker.kill();
  }
  memory.stop();
  if (!outcome) throw new Error("an attack is made once at least");
  const handled = gone === undefined ? (await handledSoFar()) - handledBefore : 0;
  const bystanders = attack.probes.map((probe) => fared(probe, seen));
  const measured = {
    attack: attack.name,
    row: attack.row,
    outcome,
    bystanders,
    memoryMib: Math.round((memory.peak() - memoryBefore) / mebibyte),
    logKib: Math.round((besieged.printed - printedBefore) / 1_024),
    handled,
  };
  const problems = [
    ...faultsOf(attack, measured),
    ...(gone === undefined ? [] : [`the ${target.kind} ended: ${gone}`]),
  ];
  return { ...measured, problems, slow: slownessOf(measured) };
}

/** The outcomes of two rounds in one. */
function sumOf(one: AttackOutcome | undefined, other: AttackOutcome): AttackOutcome {
  if (!one) return other;
  const answers: Record<string, number> = { ...one.answers };
  for (const [answer, count] of Object.entries(other.answers)) answers[answer] = (answers[answer] ?? 0) + count;
  const problem = one.problem ?? other.problem;
  return { ...other, sent: one.sent + other.sent, answers, ...(problem === undefined ? {} : { problem }) };
}

function fared(probe: ProbeName, rounds: readonly Round[]): Bystander {
  const of = (samples: readonly Sample[]) => samples.filter((sample) => sample.probe === probe);
  const before = windowOf(rounds.flatMap((round) => of(round.before)));
  const bar = barOf(probe, before);
  const recoveredMs = rounds.map(({ late, endedAt }) => {
    const lastBad = of(late).findLast(({ ms, failure }) => failure !== undefined || ms > bar);
    return lastBad ? Math.max(0, Math.round(lastBad.at + lastBad.ms - endedAt)) : 0;
  });
  return {
    probe,
    before,
    meanwhile: windowOf(rounds.flatMap(({ meanwhile }) => of(meanwhile))),
    after: windowOf(rounds.flatMap(({ late, endedAt }) => of(late).filter(({ at }) => at >= endedAt + fullServiceMs))),
    recoveredMs: Math.max(...recoveredMs),
  };
}

function windowOf(samples: readonly Sample[]): Window {
  const times = samples.map(({ ms }) => ms);
  const failures = samples.flatMap(({ failure }) => failure ?? []);
  const [failure] = failures;
  return {
    uses: samples.length,
    failed: failures.length,
    failure,
    p50: rounded(quantile(times, 0.5)),
    p99: rounded(quantile(times, 0.99)),
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function barOf(probe: ProbeName, before: Window): number {
  if (probe === "stop") return stopBarMs;
  if (probe === "lock") return lockBarMs;
  return Math.max(p99BarMs, p99Ratio * before.p99);
}

type Measured = Omit<Siege, "problems" | "slow">;

/** What is wrong on any machine. */
function faultsOf(attack: Attack, { outcome, bystanders, memoryMib, logKib, handled }: Measured): string[] {
  const problems: string[] = outcome.problem === undefined ? [] : [outcome.problem];
  for (const [answer, count] of Object.entries(outcome.answers)) {
    if (!attack.allowed.includes(answer)) problems.push(`answered ${answer}, ${count} times`);
  }
  if (outcome.sent === 0) problems.push("the attack was never made");
  if (handled > 0) problems.push(`a handler ran ${handled} times`);
  if (memoryMib > memoryBarMib) problems.push(`memory grew by ${memoryMib} MiB`);
  if (logKib > logBarKib) problems.push(`the log grew by ${logKib} KiB`);
  for (const { probe, before, meanwhile, after } of bystanders) {
    const failed = meanwhile.failed + after.failed;
    if (failed > 0) problems.push(`${probe}: ${failed} honest uses failed: ${meanwhile.failure ?? after.failure}`);
    if (meanwhile.uses === 0 || after.uses === 0) problems.push(`${probe}: the honest bystander was not served`);
    const bar = barOf(probe, before) * orderOfMagnitude;
    if (meanwhile.p99 > bar) problems.push(`${probe}: p99 ${meanwhile.p99} ms during the attack`);
  }
  return problems;
}

/** Which bars of time were missed. */
function slownessOf({ bystanders }: Measured): string[] {
  return bystanders.flatMap(({ probe, before, meanwhile, recoveredMs }) => {
    const bar = barOf(probe, before);
    return [
      ...(meanwhile.p99 > bar ? [`${probe}: p99 ${before.p99} → ${meanwhile.p99} ms`] : []),
      ...(recoveredMs > fullServiceMs ? [`${probe}: full service after ${recoveredMs} ms`] : []),
    ];
  });
}
