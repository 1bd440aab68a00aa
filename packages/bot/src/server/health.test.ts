import assert from "node:assert/strict";
import type { HealthCheckResponse } from "../gen/grpc/health/v1/health.js";
import { createHealth } from "./health.js";

const [serving, notServing, unknown] = [1, 2, 3];

describe("health", () => {
  function watching(service: string) {
    const health = createHealth({ federatedDomain: () => undefined });
    const stopping = new AbortController();
    const context = { signal: stopping.signal } as never;
    const states = health.implementation.watch({ service }, context)[Symbol.asyncIterator]();
    const next = async () => ((await states.next()).value as HealthCheckResponse | undefined)?.status;
    return { health, next, stop: () => stopping.abort() };
  }

  it("answers for the server as a whole, for services that are known, and for no others", async () => {
    const { implementation, set } = createHealth({ federatedDomain: () => undefined });
    const check = async (service: string) => implementation.check({ service }, {} as never);
    assert.deepEqual(await check(""), { status: notServing });
    await assert.rejects(check("a.B"), { code: "NOT_FOUND" });
    set("a.B", "SERVING");
    assert.deepEqual(await check("a.B"), { status: serving });
  });

  it("lists what is known, and not more than a hundred services", async () => {
    const { implementation, set } = createHealth({ federatedDomain: () => undefined });
    const list = async () => implementation.list({}, {} as never);
    set("a.B", "SERVING");
    assert.deepEqual(await list(), { statuses: { "": { status: notServing }, "a.B": { status: serving } } });
    for (let i = 0; i < 100; i++) set(`a.B${i}`, "SERVING");
    await assert.rejects(list(), { code: "RESOURCE_EXHAUSTED" });
  });

  it("tells a watcher what is, and then each change, but not what has not changed", async () => {
    const { health, next, stop } = watching("a.B");
    assert.equal(await next(), unknown);
    const first = next();
    health.set("a.C", "SERVING");
    health.set("a.B", "SERVING");
    assert.equal(await first, serving);
    const second = next();
    health.set("a.B", "SERVING");
    await new Promise((resolve) => setImmediate(resolve));
    health.set("a.B", "NOT_SERVING");
    assert.equal(await second, notServing);
    stop();
  });

  it("ends a watch that is given up", async () => {
    const { next, stop } = watching("");
    assert.equal(await next(), notServing);
    const waiting = next();
    stop();
    assert.equal(await waiting, undefined);
  });
});
