import { once } from "node:events";
import type { Denial } from "../base/recorder.js";
import type { Bot, ServeOptions } from "../bot.js";
import type { Identity } from "../identity/identity.js";
import type { Implementation } from "../server/handlers.js";
import { rawCall, rawSession, shows } from "./raw-client.js";
import { EchoService, type TestFleet } from "./test-fleet.js";

/** A bot that serves {@link EchoService}, and remembers what got as far as its handlers. */
export interface EchoServer {
  readonly bot: Bot;
  readonly port: number;
  readonly address: string;
  /** Names of the handlers that ran, in order. */
  readonly handled: string[];
  /** What was refused, in order. */
  readonly denials: Denial[];
  /** Resolves once `count` refusals in all have been recorded. */
  denied(count: number): Promise<void>;
  /** A call made properly: the positive control before an attack, and the barrier after it. */
  goodCall(): Promise<void>;
}

/** Starts one, of `service` where that has other policies. Its `count` and `chat` stay open until their signal aborts, after what they have to say. */
export async function serveEcho(
  fleet: TestFleet,
  overrides: Partial<Implementation<typeof EchoService>> = {},
  options: Partial<ServeOptions> = {},
  service: typeof EchoService = EchoService,
): Promise<EchoServer> {
  const handled: string[] = [];
  const denials: Denial[] = [];
  let wake = () => {};
  fleet.recorder.onDenial((denial) => {
    denials.push(denial);
    wake();
  });
  const good = await fleet.ca.issue("spiffe://test/good/1");
  const bot = await fleet.bot("echo/1");
  const { port, address } = await bot.serve({ port: 0, ...options }, (routes) =>
    routes.add(service, {
      echo(request) {
        handled.push("echo");
        return request;
      },
      async *count({ reason }, { signal }) {
        handled.push("count");
        for (let i = 0; i < Number(reason || 1); i++) yield { reason: String(i) };
        if (!signal.aborted) await once(signal, "abort");
      },
      async join(requests) {
        handled.push("join");
        for await (const _ of requests);
        return {};
      },
      async *chat(requests) {
        handled.push("chat");
        for await (const request of requests) yield request;
      },
      open() {
        handled.push("open");
        return {};
      },
      reset() {
        handled.push("reset");
        return {};
      },
      ...overrides,
    }),
  );
  return {
    bot,
    port,
    address,
    handled,
    denials,
    async denied(count) {
      while (denials.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
    goodCall: () => goodCall(fleet, port, good),
  };
}

async function goodCall(fleet: TestFleet, port: number, identity: Identity): Promise<void> {
  const token = await fleet.token(identity, EchoService.name, ["echo:call"]);
  const session = rawSession(port, shows(identity));
  const answer = await rawCall(session, EchoService.methods.echo.path, { authorization: `Bearer ${token}` });
  session.destroy();
  if (answer.status !== 0) throw new Error(`the good call was answered ${JSON.stringify(answer)}`);
}
