import { once } from "node:events";
import { Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import { decodeErrorInfo, EchoService, plainCall, plainCredentials, plainOptions } from "@interlock/bot/testing";
import { audience, count, echo, echoStage } from "./echo-stage.js";
import type { Row } from "./row.js";

const day = 86_400_000;
const replacement = "test.v2.EchoService/Echo";

export const sunsetRow: Row = {
  row: 34,
  attack: "call after the method's sunset date, or of a method that the fleet has retired",
  async play() {
    const stage = await echoStage();
    const { fleet, server, clock } = stage;
    const sunset = new Date(Date.now() + day).toISOString().slice(0, 10);
    const deprecation = { since: "2026-01-01", sunset, replacement };
    const methods = {
      ...EchoService.methods,
      echo: { ...echo, policy: { ...echo.policy, deprecation } },
      count: { ...count, policy: { ...count.policy, deprecation } },
    };
    let handled = 0;
    const { address } = await server.bot.serve({ port: 0 }, (routes) =>
      routes.add(
        { ...EchoService, methods },
        {
          echo(request) {
            handled++;
            return request;
          },
          async *count(_request, { signal }) {
            yield { reason: "open" };
            if (!signal.aborted) await once(signal, "abort");
          },
          join: () => ({}),
          async *chat() {},
          open: () => ({}),
          reset: () => ({}),
        },
      ),
    );
    const caller = await fleet.ca.issue("spiffe://test/caller/1", { notAfter: Date.now() + 10 * day });
    const client = new Client(address, plainCredentials(fleet, caller), plainOptions);

    /** Calls at the time `at`, with a token of that moment. */
    async function callAt(at: number): Promise<ServiceError | undefined> {
      clock.ahead = at - Date.now();
      try {
        const bearer = `Bearer ${await fleet.token(caller, audience, ["echo:call"])}`;
        await plainCall(client, echo.path, bearer);
        return undefined;
      } catch (error) {
        return error as ServiceError;
      } finally {
        clock.ahead = 0;
      }
    }
    /** Opens a stream a moment before the sunset. Resolves to its end. */
    async function streamOver(): Promise<ServiceError> {
      clock.ahead = Date.parse(sunset) - 300 - Date.now();
      try {
        const metadata = new Metadata();
        metadata.set("authorization", `Bearer ${await fleet.token(caller, audience, ["echo:call"])}`);
        const bytes = (buffer: Buffer) => buffer;
        const deadline = Date.now() + 5_000;
        const stream = client.makeServerStreamRequest(count.path, bytes, bytes, Buffer.alloc(0), metadata, {
          deadline,
        });
        await once(stream, "data");
        return await new Promise((resolve) => stream.on("data", () => {}).on("error", resolve as never));
      } finally {
        clock.ahead = 0;
      }
    }
    const after = (name: string, call: () => Promise<ServiceError | undefined>) => ({
      name,
      answer: 12,
      reason: "METHOD_SUNSET" as const,
      async attack() {
        const error = await call();
        const info = error && decodeErrorInfo(error.metadata);
        if (error && JSON.stringify(info?.metadata) !== JSON.stringify({ sunset, replacement })) {
          throw new Error(`the detail is ${JSON.stringify(info)}`);
        }
        return error?.code ?? 0;
      },
    });
    const retired = (name: string, method: string) => ({
      name,
      answer: 12,
      reason: "METHOD_RETIRED" as const,
      async attack() {
        const { state } = fleet.trust;
        fleet.trust.replace({ ...state, version: state.version + 1n, retired: [method] });
        const error = await callAt(Date.now());
        fleet.trust.replace({ ...state, version: state.version + 2n });
        return error?.code ?? 0;
      },
    });
    const play = stage.play(
      [
        after("in its first moment", () => callAt(Date.parse(sunset))),
        after("a week later", () => callAt(Date.parse(sunset) + 7 * day)),
        after("on a stream that was open before", streamOver),
        retired("retired by its name", echo.path.slice(1)),
        retired("retired with its service", `${audience}/*`),
      ],
      {
        async control() {
          const error = await callAt(Date.parse(sunset) - 1_000);
          if (error) throw new Error(`a second before its sunset the call was answered ${error.message}`);
        },
        handled: () => handled,
      },
    );
    return {
      ...play,
      async end() {
        client.close();
        await play.end();
      },
    };
  },
};
