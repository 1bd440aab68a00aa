import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { type LogFields, silentLog } from "@interlock/bot";
import { createTestFleet } from "@interlock/bot/testing";
import type { DiscoveryRequest } from "../gen/envoy/service/secret/v3/sds.js";
import type { Doorkeeper } from "./doorkeeper.js";
import { createSecretService } from "./secret-service.js";

describe("createSecretService", () => {
  it("logs once that a proxy refuses an answer, however often the proxy says so", async () => {
    const { ca } = await createTestFleet();
    const granted = { identity: await ca.issue("spiffe://test/vision/1"), roots: [ca.der] };
    const door: Doorkeeper = { streams: 0, granted: () => granted, enter: () => () => {}, close() {} };
    const told: unknown[] = [];
    const log = { ...silentLog, warn: (_: string, fields: LogFields = {}) => void told.push(fields.error) };
    const nonces: string[] = [];
    const call = Object.assign(new EventEmitter(), {
      write(answer: { readonly nonce?: string }, taken: () => void) {
        nonces.push(answer.nonce ?? "");
        taken();
      },
      end() {},
    });
    createSecretService(door, log).streamSecrets(call as never);
    const ask = (request: Partial<DiscoveryRequest>) =>
      call.emit("data", { typeUrl: "", resourceNames: [], ...request });
    ask({});
    const refused = (message: string) =>
      ask({ responseNonce: nonces.at(-1) as string, errorDetail: { code: 3, message } as never });
    for (let i = 0; i < 100; i++) refused("a bad key\nwith a line of its own");
    ask({ resourceNames: ["default"], responseNonce: nonces.at(-1) as string });
    refused("again");
    assert.deepEqual([nonces.length, told.length], [3, 2]); // Other names are asked for twice.
    assert.doesNotMatch(String(told[0]), /\n/);
  });
});
