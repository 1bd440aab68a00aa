import assert from "node:assert/strict";
import { Client, Metadata } from "@grpc/grpc-js";
import { systemClock } from "../base/clock.js";
import { deprecationMetadata } from "../base/deprecation-metadata.js";
import { type LogFields, silentLog } from "../base/log.js";
import { plainCredentials, plainOptions } from "../testing/plain-client.js";
import { createTestFleet, EchoService } from "../testing/test-fleet.js";
import type { Answered } from "./call-under-way.js";
import { createDeprecationLog, logMs, lookMs, maximumDeprecations } from "./deprecation-log.js";

const deprecation = { since: "2026-01-01", sunset: "2127-01-01", replacement: "test.v2.EchoService/Echo" };
const told = { method: "test.EchoService/Echo", ...deprecation };

describe("the deprecation of a method that is called", () => {
  /** An answer with this metadata; counts how often it is looked at. */
  function answer(metadata = deprecationMetadata(deprecation)): Answered & { looks: number } {
    const one = {
      looks: 0,
      once(_event: "metadata", listener: (given: typeof metadata) => void) {
        one.looks++;
        listener(metadata);
      },
    };
    return one;
  }
  const clock = { time: 0, now: () => clock.time };
  let lines: (LogFields | undefined)[];
  const log = { warn: (_message: string, fields?: LogFields) => void lines.push(fields) };
  beforeEach(() => {
    clock.time = 1_000_000;
    lines = [];
  });

  it("is logged once a day, and its answers are not looked at in between", () => {
    const method = createDeprecationLog(log, clock).of("/test.EchoService/Echo");
    const one = answer();
    for (let i = 0; i < 3; i++) method.watch(one);
    clock.time += logMs - 1;
    method.watch(one);
    assert.deepEqual([lines, one.looks], [[told], 1]);
    clock.time += 1;
    method.watch(one);
    assert.deepEqual(lines, [told, told]);
  });

  it("is looked for once a minute where there is none, so that a server which comes to say so is heard", () => {
    const method = createDeprecationLog(log, clock).of("/test.EchoService/Echo");
    const none = answer(deprecationMetadata({}));
    none.once = () => void none.looks++;
    for (let i = 0; i < 3; i++) method.watch(none);
    clock.time += lookMs - 1;
    method.watch(none);
    assert.deepEqual([lines, none.looks], [[], 1]);
    clock.time += 1;
    method.watch(answer(deprecationMetadata({})));
    assert.deepEqual(lines, [{ method: "test.EchoService/Echo", since: "unknown", sunset: "undecided" }]);
  });

  it("is one for all clients of a bot, and looked for in a bounded number of methods", () => {
    const all = createDeprecationLog(log, clock);
    for (let i = 0; i < maximumDeprecations; i++) all.of(`/a.B/M${i}`);
    assert.equal(all.of("/a.B/M0"), all.of("/a.B/M0"));
    all.of("/a.B/M0").watch(answer());
    all.of("/a.B/OneMore").watch(answer());
    assert.deepEqual(
      lines.map((line) => line?.method),
      ["a.B/M0"],
    );
  });

  it("is told by a real server to every client: with the first answer and the later ones, unary and streamed", async () => {
    const fleet = await createTestFleet();
    const { methods } = EchoService;
    const old = <M extends { policy: object }>(method: M) => ({ ...method, policy: { ...method.policy, deprecation } });
    const service = { ...EchoService, methods: { ...methods, echo: old(methods.echo), count: old(methods.count) } };
    const server = await fleet.bot("echo/1");
    const caller = await fleet.bot("caller/1", undefined, { log: { ...silentLog, ...log }, clock: systemClock });
    const identity = await fleet.ca.issue("spiffe://test/foreign/1");
    try {
      const { address } = await server.serve({ port: 0 }, (routes) =>
        routes.add(service, {
          echo: (request) => request,
          async *count() {
            yield {};
          },
          join: () => ({}),
          async *chat() {},
          open: () => ({}),
          reset: () => ({}),
        }),
      );
      // The definition of the caller is an older one, which knows nothing of it.
      const client = caller.client(EchoService, address);
      await client.echo({});
      await client.echo({});
      for await (const _ of client.count({})) break;
      await client.open({});
      assert.deepEqual(lines, [told, { ...told, method: "test.EchoService/Count" }]);

      const foreign = new Client(address, plainCredentials(fleet, identity), plainOptions);
      const authorization = `Bearer ${await fleet.token(identity, EchoService.name, ["echo:call"])}`;
      const headers = {
        deprecation: "@1767225600",
        sunset: "Wed, 01 Jan 2127 00:00:00 GMT",
        link: '</test.v2.EchoService/Echo>; rel="successor-version"',
      };
      for (const expected of [headers, headers]) {
        const { deprecation, sunset, link } = await headOf(foreign, methods.echo.path, authorization);
        assert.deepEqual({ deprecation, sunset, link }, expected);
      }
      assert.equal((await headOf(foreign, methods.open.path)).deprecation, undefined);
      foreign.close();
    } finally {
      await Promise.all([server.close(0), caller.close(0)]);
    }
  });
});

/** The metadata of the answer to a unary call of a plain grpc-js client. */
function headOf(client: Client, path: string, authorization?: string): Promise<Record<string, unknown>> {
  const bytes = (buffer: Buffer) => buffer;
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set("authorization", authorization);
  return new Promise((resolve, reject) => {
    client
      .makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), metadata, (error) => error && reject(error))
      .on("metadata", (head: Metadata) => resolve(head.getMap()));
  });
}
