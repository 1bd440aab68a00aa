import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { type Bot, type Client, certificatesToPem, InterlockError } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import { type GatewayStage, gatewayStage } from "./gateway-stage.js";

type EchoClient = Client<typeof EchoService>;

const codes = { noError: 0, internalError: 2, enhanceYourCalm: 11 } as const;
const message = Buffer.concat([Buffer.of(0, 0, 0, 0, 3, 10, 1), Buffer.from("1")]);

/** What a bot does with the streams of a connection: `index` counts those of calls, the first one is 0. */
type Serve = (stream: ServerHttp2Stream, index: number, session: ServerHttp2Session) => void;

function head(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
}

function answer(stream: ServerHttp2Stream): void {
  head(stream);
  stream.end(message);
}

/** How the messages of a stream came to an end. */
async function endOf(answers: AsyncIterable<{ readonly reason: string }>, onMessage = () => {}): Promise<string> {
  let count = 0;
  try {
    for await (const _ of answers) {
      count++;
      onMessage();
    }
    return `${count} messages, OK`;
  } catch (error) {
    assert.ok(error instanceof InterlockError);
    return `${count} messages, ${error.code}`;
  }
}

describe("a bot that goes away behind a gateway, as seen by a caller", () => {
  let stage: GatewayStage;
  let echo: Bot;
  let server: Http2SecureServer;
  let sessions: Set<ServerHttp2Session>;
  let serve: Serve;
  let paths: string[];
  let addresses: readonly (readonly [address: string, pattern: string])[];
  let callers = 0;

  before(async () => {
    stage = await gatewayStage();
    echo = await stage.joinAs("echo/1");
    const { privateKey, chain } = echo.identity.current();
    const ca = certificatesToPem(echo.trust.state.caCertificates);
    server = createSecureServer({ key: privateKey, cert: certificatesToPem(chain), ca, requestCert: true });
    sessions = new Set();
    server.on("session", (session) => {
      sessions.add(session.on("error", () => {}));
      session.on("close", () => sessions.delete(session));
      let index = 0;
      session.on("stream", (stream, headers) => {
        stream.on("error", () => {}).resume();
        const path = String(headers[":path"]);
        if (!path.startsWith(`/${EchoService.name}/`)) {
          stream.respond(
            { ":status": 200, "content-type": "application/grpc", "grpc-status": 12 },
            { endStream: true },
          );
          return;
        }
        paths.push(path);
        serve(stream, index++, session);
      });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const gateway = await stage.gateway("gateway/1", { addresses: [address] });
    addresses = [
      [address, "echo/*"],
      [gateway.address, "gateway/*"],
    ];
  });
  after(async () => {
    server.close();
    for (const session of sessions) session.destroy();
    await stage.end();
  });

  /** Makes the same calls both ways, and compares what came of them, and how many calls the bot got. */
  async function compare(given: Serve, calls: (client: EchoClient) => Promise<unknown>): Promise<unknown> {
    const seen: unknown[] = [];
    // A bot of its own has connections of its own, on which nothing has happened.
    const caller = await stage.joinAs(`caller/${++callers}`);
    serve = given;
    for (const [address, pattern] of addresses) {
      paths = [];
      seen.push({ result: await calls(caller.client(EchoService, address, { server: pattern })), paths });
    }
    assert.deepEqual(seen[1], seen[0]);
    return (seen[0] as { result: unknown }).result;
  }

  it("leaves calls in the middle alone, and serves new ones on another connection", async () => {
    let finish = () => {};
    const given: Serve = (stream, index, session) => {
      if (index > 0 || paths.length > 1) return answer(stream);
      head(stream);
      stream.write(message);
      session.goaway(codes.noError);
      finish = () => stream.end(message);
    };
    const result = await compare(given, async (client) => {
      let next: Promise<unknown> | undefined;
      const ended = await endOf(client.count({}), () => {
        next ??= client.echo({}).then(({ reason }) => {
          finish();
          return reason;
        });
      });
      return [ended, await next];
    });
    assert.deepEqual(result, ["2 messages, OK", "1"]);
  });

  it("has its caller repeat what it has not looked at, once", async () => {
    const given: Serve = (stream, index, session) => {
      if (paths.length > 2) return answer(stream);
      if (index === 0) return head(stream); // It goes on for ever.
      session.goaway(codes.noError, 1);
    };
    const result = await compare(given, async (client) => {
      const controller = new AbortController();
      const open = endOf(client.count({}, { signal: controller.signal }));
      while (paths.length < 1) await new Promise((resolve) => setImmediate(resolve));
      const { reason } = await client.echo({});
      controller.abort();
      return [reason, await open];
    });
    assert.deepEqual(result, ["1", "0 messages, CANCELLED"]);
  });

  for (const [name, code] of Object.entries(codes)) {
    it(`ends calls in the middle with UNAVAILABLE where it closes at once, with ${name}`, async () => {
      const given: Serve = (stream, _index, session) => {
        head(stream);
        stream.write(message, () => session.destroy(undefined, code));
      };
      const result = await compare(given, (client) => endOf(client.count({})));
      assert.match(String(result), /^[01] messages, UNAVAILABLE$/);
    });
  }
});
