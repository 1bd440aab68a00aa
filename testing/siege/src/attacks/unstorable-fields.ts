import { setTimeout as pause } from "node:timers/promises";
import { DispatchService, OperatorService } from "@interlock/swarm";
import type { Attack } from "../attack.js";
import { bytesClient, createTally, drain, memberGrants, members } from "../member.js";

const hex = (text: string) => Buffer.from(text, "hex");
const kind = hex("120178");
// 2^62 and -2^62 seconds, the year 10,000; keys with NUL, with half a surrogate pair, with bytes that are no UTF-8.
const tasks = [
  hex("3a0a08808080808080808040"),
  hex("3a0b088080808080808080c001"),
  hex("3a07088083d1ffaf07"),
  hex("0a03610062"),
  hex("0a03eda080"),
  hex("0a02fffe"),
  hex("22020061"),
  hex("32020061"),
].map((field) => Buffer.concat([kind, field]));
const taskIds = [hex("0a03610062"), hex("0a03eda080"), Buffer.concat([hex("0ac83e"), Buffer.alloc(8_008, "x")])];
const session = hex("0a00");
// ExtendLease, CompleteTask and Heartbeat under the token 2^64-1, and a task's id with NUL.
const token = hex("0a0174100118ffffffffffffffffff01");
const lease = Buffer.concat([hex("0a"), Buffer.of(token.length), token]);
const events = [
  Buffer.concat([hex("52"), Buffer.of(lease.length), lease]),
  Buffer.concat([hex("32"), Buffer.of(lease.length), lease]),
  hex("52070a050a03610062"),
];

export const unstorableFields: Attack = {
  name: "unstorable-fields",
  row: 51,
  title: "deadlines, tokens, keys and ids that a store cannot hold",
  who: "M",
  target: "leader",
  probes: ["submit", "stop"],
  bots: members,
  grants: memberGrants,
  allowed: ["3"],
  async run({ target, bots, signal }) {
    const [operator, worker] = bots;
    if (!operator || !worker) throw new Error("no bots");
    const operations = bytesClient(operator, OperatorService, target.address);
    const dispatch = bytesClient(worker, DispatchService, target.address);
    const tally = createTally();
    const call = (method: string, request: Uint8Array) =>
      tally.count(operations[method]?.(request, { timeoutMs: 5_000 }) as Promise<unknown>);
    async function report(event: Uint8Array): Promise<void> {
      async function* requests() {
        yield session;
        yield event;
        await pause(5_000, undefined, { signal, ref: false }).catch(() => {});
      }
      await tally.count(drain(dispatch.dispatch?.(requests()) as AsyncIterable<unknown>));
    }
    while (!signal.aborted) {
      for (const task of tasks) await call("submitTask", task);
      for (const id of taskIds) for (const method of ["getTask", "cancelTask", "pauseTask"]) await call(method, id);
      for (const event of events) await report(event);
    }
    return { sent: tally.sent, answers: tally.answers };
  },
};
