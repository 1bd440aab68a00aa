// The process of a caller beside the doors: it holds streams that it does not read, or makes calls meanwhile.
import { joinFleet, silentLog } from "@interlock/bot";
import { answerParent } from "@interlock/testing-processes";
import { EchoService } from "../gen/interlock/bench/v1/bench_interlock.js";
import type { Side } from "../variants/interlock.js";

export type CallerAsk =
  | { readonly do: "connect"; readonly side: Side; readonly address: string }
  /** Begins a stream for each size of message, and reads the first message of it. Each has more than anybody holds. */
  | { readonly do: "hold"; readonly messageBytes: readonly number[] }
  /** Makes calls one after another for so long. */
  | { readonly do: "call"; readonly seconds: number };

/** What a caller has measured, in milliseconds. */
export interface CallerAnswer {
  readonly times: Float64Array;
  readonly failed: number;
}

/** More messages than go through while the streams are held. */
const endless = 2 ** 32 - 1;

const held: AsyncIterator<unknown>[] = [];
let client: Awaited<ReturnType<typeof connect>> | undefined;

answerParent(async (ask: CallerAsk): Promise<CallerAnswer> => {
  if (ask.do === "connect") client = await connect(ask.side, ask.address);
  else if (ask.do === "hold") await hold(ask.messageBytes);
  else return callFor(ask.seconds);
  return { times: new Float64Array(), failed: 0 };
});

async function connect(side: Side, address: string) {
  const bot = await joinFleet({ ...side, log: silentLog });
  const client = bot.client(EchoService, address);
  await client.echo({ payload: Buffer.alloc(100) });
  return client;
}

async function hold(messageBytes: readonly number[]): Promise<void> {
  for (const bytes of messageBytes) {
    const stream = client?.repeat({ count: endless, payload: Buffer.alloc(bytes) })[Symbol.asyncIterator]();
    if (stream) held.push(stream);
  }
  await Promise.all(held.map((stream) => stream.next()));
}

async function callFor(seconds: number): Promise<CallerAnswer> {
  const times: number[] = [];
  const payload = Buffer.alloc(100);
  let failed = 0;
  for (let now = performance.now(), end = now + seconds * 1_000; now < end; ) {
    const received = await client?.echo({ payload }).then(
      (answer) => answer.received,
      () => undefined,
    );
    if (received !== payload.length) failed++;
    const after = performance.now();
    times.push(after - now);
    now = after;
  }
  return { times: Float64Array.from(times), failed };
}
