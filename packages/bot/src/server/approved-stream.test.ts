import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService } from "../testing/test-fleet.js";

const { count, open } = EchoService.methods;
const framed = (message: Uint8Array) => Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);

/** Field 1, as text. */
const request = (reason: string) => Buffer.from(`0a0${reason.length}${Buffer.from(reason).toString("hex")}`, "hex");

describe("a stream of an approved call whose request comes late", () => {
  for (const [what, sent, expected, handled] of [
    ["is refused with another request, also once a token without an approval has taken its place", "9", "7", []],
    ["goes on with the approved request", "1", undefined, ["count"]],
  ] as const) {
    it(what, async () => {
      const fleet = await createTestFleet();
      const policy = { ...count.policy, approval: "everyCall" };
      const methods = { ...EchoService.methods, count: { ...count, policy } };
      const server = await serveEcho(fleet, {}, {}, { ...EchoService, methods } as never);
      const caller = await fleet.ca.issue("spiffe://test/caller/1");
      const session = rawSession(server.port, shows(caller));
      const token = async (claims: object) =>
        `Bearer ${await fleet.token(caller, EchoService.name, ["echo:call"], claims)}`;
      const exp = Math.floor(Date.now() / 1_000) + 2;
      const approval = { id: "apr-1", request: createHash("sha256").update(request("1")).digest("hex") };
      const authorization = await token({ jti: "t-1", exp, methods: ["Count"], approval });
      const headers = { "content-type": "application/grpc", te: "trailers", authorization };
      const stream = session.request({ ":method": "POST", ":path": count.path, ...headers });
      // The next token is shown on the same connection, and takes the place of the first when that expires.
      assert.equal((await rawCall(session, open.path, { authorization: await token({ jti: "t-2" }) })).status, 0);
      server.handled.length = 0;
      await sleep(exp * 1_000 - Date.now() + 50);
      stream.end(framed(request(sent)));
      const statuses: unknown[] = [];
      for (const event of ["response", "trailers"]) {
        stream.on(event, (headers) => statuses.push(...[headers["grpc-status"]].filter((one) => one !== undefined)));
      }
      await Promise.race([once(stream, "data"), once(stream, "close")]);
      assert.deepEqual(server.handled, handled);
      assert.deepEqual(statuses, expected === undefined ? [] : [expected]);
      session.destroy();
      await server.bot.close(0);
    });
  }
});
