import { makeOrders } from "../../orders.js";
import { createWorld, findPath, keyOf, neighbors } from "../../world.js";
import { floorPlan } from "../floor-plan.js";
import type { ActView, CredentialView, DenialView, Entry, News, RobotView, Spot, TaskView } from "../model/entry.js";

/** The times of its events, in milliseconds since the start. */
export const moments = {
  lost: 14_000,
  away: [22_000, 25_000],
  stop: [38_000, 44_000],
  revoked: 48_000,
  end: 56_000,
} as const;

const began = Date.UTC(2026, 4, 4, 9);
const stepMs = 100;
const orders = 150;
const crew = ["worker/1", "worker/2", "worker/3", "worker/4", "worker/5", "worker/6"];
const world = createWorld();

interface Body {
  readonly name: string;
  at: Spot;
  path: Spot[];
  task: TaskView | undefined;
  laden: boolean;
  battery: number;
  waited: number;
  told: string;
}

/**
 * A synthetic minute of a swarm, the same each time, for the tests of the page and the screenshots. A worker is lost, the
 * leader is away for a while, there is an emergency stop, and intruders come and go.
 */
export function syntheticRun(): Entry[] {
  const entries: Entry[] = [];
  let now = 0;
  const tell = (news: News) => entries.push({ at: began + now, ...news });
  const queue = makeOrders(world, orders, 7).map(({ item, shelf, station }, i): TaskView => {
    const id = `${i + 1}`;
    const way = { from: { ...(shelf as Spot) }, to: { ...(station as Spot) } };
    const state = { stage: "SUBMITTED", worker: "", attempt: 1, lease: "", progress: 0, doing: "" } as const;
    return {
      id,
      kind: "warehouse.carry",
      title: item,
      ...way,
      ...state,
      submittedBy: "operator/1",
      priority: 0,
      reason: "",
    };
  });
  const bodies = crew.map((name, i): Body => {
    const at = { x: 1 + i * 6, y: 10 };
    return { name, at, path: [], task: undefined, laden: false, battery: 0.94 - i * 0.13, waited: 0, told: "" };
  });
  const lost = bodies[2] as Body;
  const during = ([from, until]: readonly [number, number]) => now >= from && now < until;
  const alive = (body: Body) => body !== lost || now < moments.lost;
  let leases = 0;
  let completed = 0;
  let epoch = 1n;

  function change(task: TaskView, changes: Partial<TaskView>): TaskView {
    const changed = { ...task, ...changes };
    tell({ kind: "tasks", complete: false, tasks: [changed] });
    return changed;
  }

  function take(body: Body): void {
    const next = queue.shift();
    if (!next) return;
    const lease = `${(epoch << 32n) | BigInt(++leases)}`;
    body.task = change(next, { stage: "RUNNING", worker: body.name, lease, doing: "to the shelf" });
    go(body, next.from as Spot);
  }

  function go(body: Body, to: Spot): void {
    const taken = new Set(bodies.filter((other) => other !== body).map(({ at }) => keyOf(at)));
    const beside = neighbors(to).filter((cell) => world.isFree(cell) && !taken.has(keyOf(cell)));
    const others = bodies.flatMap((other) => (other === body ? [] : other.at));
    body.path = findPath(world, body.at, beside, others) ?? findPath(world, body.at, beside, []) ?? [];
  }

  function move(body: Body): void {
    if (!body.task) {
      take(body);
      return;
    }
    const [next] = body.path;
    // The robots go around each other, or wait if that is not possible.
    const inTheWay = (cell: Spot) => bodies.some((other) => other !== body && keyOf(other.at) === keyOf(cell));
    if (next && inTheWay(next)) {
      go(body, (body.laden ? body.task.to : body.task.from) as Spot);
      body.waited = (body.waited + 1) % 5;
      if (body.waited > 0 && (!body.path[0] || inTheWay(body.path[0]))) return;
    }
    const step = body.path.shift();
    if (step) {
      body.at = step;
      body.battery = Math.max(0.05, body.battery - 0.0009);
      if (body.path.length % 6 === 3) {
        const progress = body.laden ? 0.9 - body.path.length / 50 : 0.3;
        body.task = change(body.task, { progress, doing: body.laden ? "to the station" : "to the shelf" });
      }
    } else if (body.laden) {
      change(body.task, { stage: "COMPLETED", progress: 1, doing: "" });
      completed++;
      body.task = undefined;
      body.laden = false;
    } else {
      body.laden = true;
      body.task = change(body.task, { progress: 0.4, doing: "loaded" });
      go(body, body.task.to as Spot);
    }
  }

  function robotOf({ name, at, laden, task, battery }: Body): RobotView {
    const carrying = laden && task ? task.title : "";
    return { name, ...at, carrying, battery: Number(battery.toFixed(2)), status: "" };
  }

  function tellRobots(complete: boolean): void {
    const views = bodies.filter(alive).map(robotOf);
    const moved = views.filter((view) => bodies.find(({ name }) => name === view.name)?.told !== JSON.stringify(view));
    for (const view of moved) (bodies.find(({ name }) => name === view.name) as Body).told = JSON.stringify(view);
    if (complete || moved.length > 0) tell({ kind: "robots", complete, robots: moved, gone: [] });
  }

  function tellWorkers(): void {
    const workers = bodies.map((body) => ({
      name: body.name,
      state: alive(body) || now < moments.lost + 2_000 ? ("ONLINE" as const) : ("LOST" as const),
      taskIds: body.task ? [body.task.id] : [],
      lastSeenAt: began + (alive(body) ? now - 120 : moments.lost),
    }));
    tell({ kind: "workers", workers });
  }

  function tellSafety(latched: boolean): void {
    const workers = bodies.map(({ name }) => {
      const outcome = name === lost.name ? ("UNREACHABLE" as const) : ("ACKNOWLEDGED" as const);
      return { name, outcome, detail: "" };
    });
    const issued = { issuer: "operator/1", reason: "smoke at station 2", issuedAt: began + now, workers };
    const safety = latched ? issued : { issuer: "", reason: "", workers: [] };
    tell({ kind: "safety", safety: { latched, ...safety } });
  }

  tell({ kind: "plan", plan: floorPlan(world) });
  for (const to of ["leader", "feed"] as const) tell({ kind: "link", link: { to, up: true, reason: "" } });
  tellSafety(false);
  for (const act of acts) tell({ kind: "act", act: actView(act, "planned") });
  tell({ kind: "tasks", complete: true, tasks: [...queue] });
  tell({ kind: "note", text: "The robots are at work." });
  tellRobots(true);

  for (; now <= moments.end; now += stepMs) {
    for (const act of acts) tellAct(act, now, tell);
    if (now % 500 === 0 && !during(moments.away)) tellWorkers();
    if (now % 15_000 === 0) for (const bot of bots) tell({ kind: "credential", credential: credentialOf(bot, now) });
    if (now === moments.revoked) tell({ kind: "credential", credential: credentialOf(intruder, now) });
    if (now === moments.away[0])
      tell({ kind: "link", link: { to: "leader", up: false, reason: "SERVER_UNREACHABLE" } });
    if (now === moments.away[1]) tell({ kind: "link", link: { to: "leader", up: true, reason: "" } });
    if (now === moments.away[1]) epoch++;
    if (now === moments.stop[0]) tellSafety(true);
    if (now === moments.stop[1]) tellSafety(false);
    if (now === moments.lost + 2_000 && lost.task) {
      const again = { stage: "SUBMITTED", attempt: 2, worker: "", lease: "", progress: 0, doing: "" } as const;
      queue.unshift(change(lost.task, { ...again, reason: "WORKER_LOST" }));
      lost.task = undefined;
    }
    if (during(moments.away) || during(moments.stop)) continue;
    for (const body of bodies) if (alive(body)) move(body);
    tellRobots(false);
  }
  now = moments.end;
  tell({ kind: "outcome", outcome: { ok: true, submitted: orders, completed, lost: 0, duplicated: 0 } });
  return entries;
}

interface Scene {
  readonly act: string;
  readonly title: string;
  readonly expected: string;
  readonly from: number;
  readonly ms: number;
  /** The duration of the act, if it is longer than the measured time. */
  readonly lasts?: number;
  readonly denial?: Partial<DenialView>;
}

const place = "/interlock.swarm.v1.OperatorService/SubmitTask";
const acts: readonly Scene[] = [
  {
    act: "no-certificate",
    title: "A stranger without a certificate",
    expected: "NO_CERTIFICATE",
    from: 2_000,
    ms: 38,
    denial: { attacker: "a stranger", address: "127.0.0.1:53322", code: "UNAVAILABLE" },
  },
  {
    act: "other-ca",
    title: "A certificate of another CA",
    expected: "CERTIFICATE_UNTRUSTED",
    from: 4_000,
    ms: 61,
    denial: { attacker: "an impostor", address: "127.0.0.1:53340", code: "UNAVAILABLE" },
  },
  {
    act: "wrong-scope",
    title: "A worker gives orders",
    expected: "SCOPE_MISSING",
    from: 6_500,
    ms: 12,
    denial: { attacker: "", caller: "worker/4", method: place, code: "PERMISSION_DENIED" },
  },
  {
    act: "stolen-token",
    title: "The operator's token, stolen",
    expected: "TOKEN_SUBJECT_MISMATCH",
    from: 9_000,
    ms: 9,
    denial: { attacker: "the visitor", caller: "visitor/1", method: place, code: "UNAUTHENTICATED" },
  },
  {
    act: "flood",
    title: "The visitor's laptop floods the leader",
    expected: "RATE_LIMITED",
    from: 11_000,
    ms: 1_840,
    denial: {
      attacker: "the visitor's laptop",
      caller: "visitor/1",
      method: place,
      code: "RESOURCE_EXHAUSTED",
      count: 4_812,
    },
  },
  { act: "kill", title: "kill -9 of a worker", expected: "another has its task", from: moments.lost, ms: 2_210 },
  {
    act: "leader",
    title: "The leader is killed, and comes back",
    expected: "nothing lost",
    from: moments.away[0],
    ms: 3_020,
  },
  {
    act: "zombie",
    title: "A worker that slept too long",
    expected: "LEASE_STALE",
    from: 28_000,
    ms: 3_120,
    denial: { caller: "worker/5", method: "/interlock.swarm.v1.DispatchService/Dispatch", code: "ABORTED" },
  },
  { act: "twice", title: "The same order, sent twice", expected: "one task", from: 33_000, ms: 21 },
  {
    act: "stop",
    title: "Emergency stop, and reset",
    expected: "all stopped in 250 ms",
    from: moments.stop[0],
    ms: 41,
    lasts: 6_500,
  },
  {
    act: "revoked",
    title: "A bot is revoked in mid-stream",
    expected: "IDENTITY_REVOKED",
    from: moments.revoked,
    ms: 87,
    denial: { caller: "visitor/1", method: "/interlock.swarm.v1.OperatorService/WatchTasks", code: "UNAUTHENTICATED" },
  },
  { act: "rotation", title: "Certificates renewed throughout", expected: "no call failed", from: 52_000, ms: 640 },
];

function actView({ act, title, expected, ms }: Scene, state: ActView["state"]): ActView {
  const ended = state === "ended";
  return { act, title, expected, state, seen: ended ? expected : "", ms: ended ? ms : 0, ok: ended };
}

/** An act runs for at least a second, so that it is visible. */
function tellAct(scene: Scene, now: number, tell: (news: News) => void): void {
  const { act, expected: reason, from, ms, lasts = 1_000, denial } = scene;
  const until = from + Math.max(lasts, Math.ceil(ms / stepMs) * stepMs);
  if (now === from) {
    tell({ kind: "act", act: actView(scene, "running") });
    tell({ kind: "note", text: `${scene.title}.` });
  }
  if (now === from && denial) {
    const unsaid = { attacker: "", caller: "", address: "", method: "", code: "", detail: "", refusedBy: "leader/1" };
    tell({ kind: "denial", denial: { ...unsaid, id: act, at: began + now, reason, count: 1, ...denial } });
  }
  if (now === until) tell({ kind: "act", act: actView(scene, "ended") });
}

const intruder = "visitor/1";
const bots = ["leader/1", "operator/1", "dashboard/1", ...crew, intruder];

function credentialOf(bot: string, now: number): CredentialView {
  const place = bots.indexOf(bot);
  // The bots do not renew at the same time.
  const issuedAt = began + now - place * 1_100;
  return {
    bot,
    generation: 1 + Math.floor(now / 15_000),
    revoked: bot === intruder && now >= moments.revoked,
    certificateIssuedAt: issuedAt,
    certificateExpiresAt: issuedAt + 30_000,
    tokenIssuedAt: issuedAt - 4_000,
    tokenExpiresAt: issuedAt + 56_000,
  };
}
