import assert from "node:assert/strict";
import type { Caller } from "../admission/caller.js";
import type { HealthCheckResponse } from "../gen/grpc/health/v1/health.js";
import type { FederatedDomain } from "../trust/federated-domain.js";
import { createHealth } from "./health.js";

const [serving, notServing, unknown] = [1, 2, 3];
const caller = { name: "leader/1" } as Caller;

describe("health", () => {
  function watching(service: string) {
    const health = createHealth({ federatedDomain: () => undefined });
    const stopping = new AbortController();
    const context = { signal: stopping.signal, caller } as never;
    const states = health.implementation.watch({ service }, context)[Symbol.asyncIterator]();
    const next = async () => ((await states.next()).value as HealthCheckResponse | undefined)?.status;
    return { health, next, stop: () => stopping.abort() };
  }

  it("answers for the server as a whole, for services that are known, and for no others", async () => {
    const { implementation, set } = createHealth({ federatedDomain: () => undefined });
    const check = async (service: string) => implementation.check({ service }, { caller } as never);
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

  it("tells a bot of a federated trust domain of the server, and of the services that the relation names", async () => {
    const uri = "spiffe://partner/orders/1";
    const federatedDomain = () => ({ services: ["a.B"] }) as unknown as FederatedDomain;
    const { implementation, set } = createHealth({ federatedDomain });
    const context = { caller: { name: uri, spiffeId: { uri } }, signal: new AbortController().signal } as never;
    for (const service of ["", "a.B", "a.C"]) set(service, "SERVING");
    for (const service of ["", "a.B"])
      assert.deepEqual(await implementation.check({ service }, context), { status: serving });
    await assert.rejects(async () => implementation.check({ service: "a.C" }, context), { code: "NOT_FOUND" });
    const watch = implementation.watch({ service: "a.C" }, context)[Symbol.asyncIterator]();
    assert.equal(((await watch.next()).value as HealthCheckResponse).status, unknown);
  });

  it("ends a watch that is given up", async () => {
    const { next, stop } = watching("");
    assert.equal(await next(), notServing);
    const waiting = next();
    stop();
    assert.equal(await waiting, undefined);
  });
});
