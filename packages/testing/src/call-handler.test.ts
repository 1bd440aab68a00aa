import assert from "node:assert/strict";
import { EchoService } from "@interlock/bot/testing";
import { callHandler } from "./call-handler.js";

const arm = { as: "arm/1", scopes: ["echo:call"] };

describe("callHandler", () => {
  it("calls a handler of each kind, with what a call has", async () => {
    const echo = await callHandler(EchoService, "echo", (_request, { caller }) => ({ reason: caller.name }), {}, arm);
    assert.equal(echo.reason, "arm/1");

    const counted: string[] = [];
    async function* count({ reason }: { reason: string }) {
      yield* [{ reason }, { reason: `${reason}!` }];
    }
    for await (const { reason } of callHandler(EchoService, "count", count, { reason: "a" }, arm)) counted.push(reason);
    assert.deepEqual(counted, ["a", "a!"]);

    async function join(requests: AsyncIterable<{ reason: string }>) {
      let reason = "";
      for await (const request of requests) reason += request.reason;
      return { reason };
    }
    const joined = await callHandler(EchoService, "join", join, [{ reason: "a" }, { reason: "b" }], arm);
    assert.equal(joined.reason, "ab");

    async function* chat(requests: AsyncIterable<{ reason: string }>) {
      for await (const request of requests) yield request;
    }
    const chatted: string[] = [];
    for await (const { reason } of callHandler(EchoService, "chat", chat, [{ reason: "a" }], arm)) chatted.push(reason);
    assert.deepEqual(chatted, ["a"]);
  });

  it("calls a handler of a service behind a gateway through one, unless it is told another way", async () => {
    const behind = { ...EchoService, servedBy: ["echo/**"], via: ["gateway/**"] };
    const call = (through?: string[]) =>
      callHandler(
        behind,
        "echo",
        (_request, { caller }) => ({ reason: [caller.name, ...caller.actors.map(({ name }) => name)].join(" ") }),
        {},
        { ...arm, ...(through && { through }) },
      );
    assert.equal((await call()).reason, "arm/1 gateway/1");
    assert.equal((await call(["gateway/7"])).reason, "arm/1 gateway/7");
    await assert.rejects(call(["coffee/1"]), { reason: "SERVER_IDENTITY_MISMATCH" });
  });

  it("refuses by the policy of the method, before the handler", async () => {
    let ran = false;
    const handler = () => {
      ran = true;
      return {};
    };
    const call = callHandler(EchoService, "reset", handler, {}, arm);
    await assert.rejects(call, { code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" });
    assert.equal(ran, false);
  });

  it("passes the options of the call on, and what the handler throws back", async () => {
    const slow = (_request: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const call = callHandler(EchoService, "echo", slow, {}, { ...arm, timeoutMs: 20 });
    await assert.rejects(call, { code: "DEADLINE_EXCEEDED" });
    const failing = () => {
      throw new Error("secret");
    };
    await assert.rejects(callHandler(EchoService, "echo", failing, {}, arm), { code: "INTERNAL" });
  });

  it("says that there is no such method", () => {
    assert.throws(() => callHandler(EchoService, "grip" as "echo", () => ({}), {}, arm), /has no method "grip"/);
  });
});
