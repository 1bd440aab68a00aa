import assert from "node:assert/strict";
import { InterlockError } from "../base/error.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService } from "../testing/test-fleet.js";

describe("a request that cannot be written", () => {
  it("is refused by the client, by the name of its field, and nothing is sent", async () => {
    const fleet = await createTestFleet();
    const server: EchoServer = await serveEcho(fleet);
    const caller = await fleet.bot("caller/1");
    try {
      const client = caller.client(EchoService, `127.0.0.1:${server.port}`);
      const wrong = { reason: 5 } as never;
      const refused = (error: unknown) => {
        assert.ok(error instanceof InterlockError);
        assert.equal(error.code, "INVALID_ARGUMENT");
        assert.equal(error.message, 'The request was not sent: the field "reason" cannot be 5: it takes text.');
        assert.equal(error.remote, false);
        return true;
      };
      const all = async (answers: AsyncIterable<unknown>) => {
        for await (const _ of answers);
      };
      await assert.rejects(client.echo(wrong), refused);
      await assert.rejects(all(client.count(wrong)), refused);
      assert.deepEqual(server.handled, []);
      await assert.rejects(client.join([{ reason: "1" }, wrong]), refused);
      await assert.rejects(all(client.chat([wrong])), refused);
      assert.equal((await client.echo({ reason: "right" })).reason, "right");
    } finally {
      await caller.close(0);
      await server.bot.close(0);
    }
  });
});
