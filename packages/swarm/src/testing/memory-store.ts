import type { AuditEntry, Batch, StoredKeys, StoredStop, StoredTask, TaskStore, Written } from "../store/task-store.js";
import { swarmError } from "../swarm-error.js";

/** A store in memory that a test controls. */
export interface MemoryStore extends TaskStore {
  readonly tasks: ReadonlyMap<string, StoredTask>;
  /** How many transactions have written something. */
  readonly commits: number;
  /** Counts up, for the ids of all leaders. */
  nextId(): number;
  /** The rows that another connection holds. */
  readonly locked: Set<string>;
  /** The idempotency keys (with the submitter's name) of tasks that it cannot hold. */
  readonly unwritable: Set<string>;
  /** Runs before every write, to fail it or to have it wait. */
  trouble: (() => Promise<void>) | undefined;
  /** Has every write wait from now on, until the function that it gives is called. */
  hold(): () => void;
}

/** Creates an empty store, under the clock of the test. */
export function createMemoryStore(clock: { now(): number }): MemoryStore {
  const tasks = new Map<string, StoredTask>();
  const locked = new Set<string>();
  const unwritable = new Set<string>();
  const audit: AuditEntry[] = [];
  let keys: StoredKeys[] = [];
  const lead = { epoch: 0, holder: "", until: 0 };
  let stop: StoredStop | undefined;
  let commits = 0;
  let ids = 0;
  let latest: Promise<unknown> = Promise.resolve();
  let broken: number | undefined;

  async function check(epoch: number): Promise<void> {
    await store.trouble?.();
    if (lead.epoch !== epoch) throw swarmError("LEADER_STANDBY");
  }

  async function write(epoch: number, batch: Batch, forMs: number): Promise<Written> {
    await check(epoch);
    if (epoch === broken) throw swarmError("LEADER_STANDBY");
    lead.until = clock.now() + forMs;
    if (batch.tasks.length > 0) commits++;
    const skipped = batch.claims.filter((taskId) => locked.has(taskId));
    const refused: string[] = [];
    for (const task of batch.tasks) {
      if (skipped.includes(task.taskId)) continue;
      if (unwritable.has(task.idempotencyKey)) refused.push(task.taskId);
      else tasks.set(task.taskId, { ...task, payload: task.payload ?? tasks.get(task.taskId)?.payload });
    }
    for (const taskId of batch.forgotten) tasks.delete(taskId);
    audit.unshift(...batch.audit);
    keys = [...keys, ...(batch.keys ?? [])].filter(({ sequence }) => sequence > (batch.keysForgottenTo ?? 0));
    return { skipped, refused };
  }

  const store: MemoryStore = {
    tasks,
    locked,
    unwritable,
    trouble: undefined,
    hold() {
      let letWrite = () => {};
      const held = new Promise<void>((resolve) => {
        letWrite = resolve;
      });
      store.trouble = () => held;
      return () => {
        store.trouble = undefined;
        letWrite();
      };
    },
    nextId: () => ++ids,
    get commits() {
      return commits;
    },
    async acquire(holder, forMs) {
      if (lead.until > clock.now() && lead.holder !== holder) return undefined;
      Object.assign(lead, { epoch: lead.epoch + 1, holder, until: clock.now() + forMs });
      return lead.epoch;
    },
    async release(epoch) {
      if (lead.epoch === epoch) Object.assign(lead, { holder: "", until: 0 });
    },
    async inherit(epoch) {
      await check(epoch);
      return { tasks: [...tasks.values()].sort((a, b) => a.sequence - b.sequence), stop, keys };
    },
    commit(epoch, batch, forMs) {
      const written = latest.then(() => write(epoch, batch, forMs));
      latest = written.catch(() => {
        broken = epoch;
      });
      return written;
    },
    async latch(epoch, latched) {
      await check(epoch);
      stop = latched;
      const { issuedAt: at, issuer: actor, stopId: subject, reason } = latched;
      audit.unshift({ at, kind: "stop", actor, subject, attempt: 0, leaseToken: 0, reason });
    },
    async reset(epoch, stopId, { actor, reason, at }) {
      await check(epoch);
      stop = undefined;
      audit.unshift({ at, kind: "reset", actor, subject: stopId, attempt: 0, leaseToken: 0, reason });
    },
    audit: async (limit, kind) => audit.filter((each) => kind === undefined || each.kind === kind).slice(0, limit),
    close: async () => {},
  };
  return store;
}
