import { Metadata } from "@grpc/grpc-js";
import { InterlockError } from "@interlock/bot";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { answerOf, count, echo, echoStage } from "./echo-stage.js";
import { openStream } from "./open-stream.js";
import type { Answer, Row, Variant } from "./row.js";

const kibibyte = 1_024;
/** Well below the 8 KiB of headers that many libraries take. */
const longestMessage = 2 * kibibyte;

const texts = {
  "100 KiB of letters": "a".repeat(100 * kibibyte),
  "24 Ki of a wide character": "語".repeat(24 * kibibyte),
  "24 Ki of a character of two halves": "🤖".repeat(24 * kibibyte),
  "10 Ki of a character that is escaped": "%".repeat(10 * kibibyte),
  "halves of characters": "\ud83e".repeat(30 * kibibyte),
};

export const longErrorRow: Row = {
  row: 56,
  attack: "an error text of 100 KiB; metadata of 100 KiB",
  async play() {
    let thrown = new InterlockError("FAILED_PRECONDITION", "");
    let armed = false;
    const stage = await echoStage({
      echo(request) {
        if (!armed) {
          stage.server.handled.push("echo");
          return request;
        }
        throw thrown;
      },
    });
    const { server, caller } = stage;

    /** Makes a call, while a stream on the same connection is open that must not notice. */
    async function beside(call: (session: ReturnType<typeof rawSession>, authorization: string) => Promise<Answer>) {
      const session = rawSession(server.port, shows(caller));
      try {
        const authorization = await stage.authorization();
        const open = await openStream(session, count.path, authorization);
        server.handled.pop();
        const answer = await call(session, authorization);
        const after = await rawCall(session, EchoService.methods.open.path);
        if (after.status === 0) server.handled.pop();
        if (after.status !== 0 || open.stream.closed) throw new Error("other calls of the connection were lost");
        return answer;
      } finally {
        armed = false;
        session.destroy();
      }
    }

    const throws = (name: string, error: InterlockError): Variant => ({
      name,
      answer: 9,
      attack: () =>
        beside(async (session, authorization) => {
          thrown = error;
          armed = true;
          const answer = await rawCall(session, echo.path, { authorization });
          if (encodeURI(answer.message).length > longestMessage) throw new Error("the message is not cut");
          return answerOf(answer);
        }),
    });
    const facts = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`fact-${i}`, "語".repeat(100)]));
    return stage.play([
      ...Object.entries(texts).map(([name, text]) => throws(name, new InterlockError("FAILED_PRECONDITION", text))),
      throws(
        "a long reason, with long facts",
        new InterlockError("FAILED_PRECONDITION", "語".repeat(24 * kibibyte), {
          reason: "R".repeat(100 * kibibyte),
          domain: "d".repeat(100 * kibibyte),
          metadata: { long: "語".repeat(24 * kibibyte), ["k".repeat(50_000)]: "v", ...facts },
        }),
      ),
      {
        name: "a call through our client, with metadata of 100 KiB",
        answer: 8,
        async attack() {
          const other = await stage.fleet.bot("caller/2");
          const client = other.client(EchoService, `127.0.0.1:${server.port}`);
          try {
            await client.open({});
            server.handled.pop();
            const open = client.count({ reason: "1" })[Symbol.asyncIterator]();
            await open.next();
            server.handled.pop();
            const metadata = new Metadata();
            metadata.set("big", "v".repeat(100 * kibibyte));
            const error = await client.open({}, { metadata }).then(
              () => undefined,
              (reason: unknown) => reason,
            );
            await client.open({});
            server.handled.pop();
            if (!(error instanceof InterlockError)) return 0;
            return error.code === "RESOURCE_EXHAUSTED" ? 8 : 13;
          } finally {
            await other.close(0);
          }
        },
      },
    ]);
  },
};
