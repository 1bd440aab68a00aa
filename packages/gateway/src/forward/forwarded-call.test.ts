import assert from "node:assert/strict";
import type { RequestSink } from "@interlock/bot/internal";
import { errorCode, type Reset } from "@interlock/wire";
import { Instances } from "../routes/instances.js";
import { ForwardedCall } from "./forwarded-call.js";
import type { CallLink, TravelingCall, Way } from "./way.js";

/** What a server has got on each stream, and what became of the call. */
class Trial {
  readonly streams: string[][] = [];
  readonly log: string[] = [];
  readonly instances = new Instances();
  readonly call: ForwardedCall;
  sink: RequestSink | undefined;
  credits = 0;
  #waiting: TravelingCall | undefined;
  readonly #request = {
    onClose: undefined as ((code: number) => void) | undefined,
    attach: (sink: RequestSink) => {
      this.sink = sink;
    },
    taken: () => void this.credits++,
  };

  constructor(isIdempotent: boolean) {
    this.instances.set(["a:1", "b:1"].map((address) => ({ address, servers: [] })));
    const way: Way = {
      begin: (call) => {
        this.#waiting = call;
      },
      request: () => ({ list: [], recurs: false }),
      learn() {},
      explain: () => new Error("gone") as never,
      withdraw: () => void this.log.push("withdrawn"),
      leave() {},
      end() {},
    };
    const end = (what: string) => {
      this.log.push(what);
      this.#request.onClose?.(errorCode.cancel);
    };
    const near = {
      code: 0,
      getDeadline: () => Number.POSITIVE_INFINITY,
      passReset: (code: number) => end(`reset ${code}`),
      sendStatus: () => end("status"),
      passHeaders: () => this.log.push("headers"),
    };
    const method = { service: { name: "a.B" }, path: "/a.B/C", kind: "unary", isIdempotent, instances: this.instances };
    this.call = new ForwardedCall(
      near as never,
      { caller: {} as never },
      this.#request,
      method as never,
      way,
      () => {},
    );
  }

  /** Has the call run at the server that it waits for. */
  run(): void {
    const got: string[] = [];
    const stream = {
      sendData(bytes: Buffer, end: boolean) {
        got.push(`${bytes}${end ? "|" : ""}`);
        return true;
      },
      reset: (code: number) => got.push(`reset ${code}`),
      consumed() {},
    };
    const open = () => {
      this.streams.push(got);
      return stream as never;
    };
    this.#waiting?.run({ answers: 0, peer: "p", open } as unknown as CallLink);
  }
}

const unprocessed: Reset = { code: 0, cause: "connection", unprocessed: true };
const content = (letter: string, bytes: number) => Buffer.alloc(bytes, letter);

describe("a call between two tries", () => {
  it("has the whole request sent again, also what comes meanwhile, which is not credited before", () => {
    const trial = new Trial(true);
    trial.call.begin();
    trial.run();
    trial.sink?.onContent(content("a", 10), false);
    trial.call.onReset(unprocessed);
    assert.equal(trial.sink?.onContent(content("b", 10), false), false);
    assert.equal(trial.credits, 0);
    trial.run();
    assert.equal(trial.credits, 1);
    trial.sink?.onContent(Buffer.from("the rest"), true);
    assert.deepEqual(trial.streams[1], ["a".repeat(10), "b".repeat(10), "the rest|"]);
  });

  it("is given back to its caller where more has come than is kept", () => {
    const trial = new Trial(true);
    trial.call.begin();
    trial.run();
    trial.sink?.onContent(content("a", 40_000), false);
    trial.call.onReset(unprocessed);
    trial.sink?.onContent(content("b", 40_000), false);
    trial.run();
    assert.equal(trial.streams.length, 1);
    assert.deepEqual(trial.log, [`reset ${errorCode.refusedStream}`]);
  });

  it("is not run any more once its server has vanished while it waited", () => {
    const trial = new Trial(false);
    trial.call.begin();
    trial.call.cancel();
    assert.deepEqual(trial.log, ["withdrawn", "status"]);
    trial.run();
    assert.equal(trial.streams.length, 0);
  });

  it("leaves the next call a try, where it ends before its server has answered or failed", () => {
    const trial = new Trial(false);
    for (const instance of trial.instances.all) trial.instances.failed(instance);
    trial.call.begin();
    const tried = trial.instances.all.find(({ calls }) => calls === 1);
    trial.call.cancel();
    assert.ok(tried && tried.ejectedUntil <= performance.now());
  });
});
