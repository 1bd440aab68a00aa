import { Client, type ServiceError } from "@grpc/grpc-js";
import { decodeErrorInfo, EchoService, plainCall, plainCredentials, plainOptions } from "@interlock/bot/testing";
import { audience, echo, echoStage } from "./echo-stage.js";
import type { Row } from "./row.js";

const day = 86_400_000;
const replacement = "test.v2.EchoService/Echo";

export const sunsetRow: Row = {
  row: 34,
  attack: "call after the method's sunset date",
  async play() {
    const stage = await echoStage();
    const { fleet, server, clock } = stage;
    const sunset = new Date(Date.now() + day).toISOString().slice(0, 10);
    const deprecation = { since: "2026-01-01", sunset, replacement };
    const methods = { ...EchoService.methods, echo: { ...echo, policy: { ...echo.policy, deprecation } } };
    let handled = 0;
    const { address } = await server.bot.serve({ port: 0 }, (routes) =>
      routes.add(
        { ...EchoService, methods },
        {
          echo(request) {
            handled++;
            return request;
          },
          async *count() {},
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
    const after = (name: string, at: number) => ({
      name,
      answer: 12,
      reason: "METHOD_SUNSET" as const,
      async attack() {
        const error = await callAt(at);
        const info = error && decodeErrorInfo(error.metadata);
        if (error && JSON.stringify(info?.metadata) !== JSON.stringify({ sunset, replacement })) {
          throw new Error(`the detail is ${JSON.stringify(info)}`);
        }
        return error?.code ?? 0;
      },
    });
    const play = stage.play(
      [after("in its first moment", Date.parse(sunset)), after("a week later", Date.parse(sunset) + 7 * day)],
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
