import type { OutgoingHttpHeaders } from "node:http2";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { answerOf, echo, echoStage, open } from "./echo-stage.js";
import { gatewayInFront, wireForGateways } from "./gateway-in-front.js";
import type { Row, Variant } from "./row.js";

/** Words of proxies for who calls and over which hops, and our own. Anyone can write them. */
const forged: OutgoingHttpHeaders = {
  "x-forwarded-client-cert": 'By=spiffe://test/echo/1;URI="spiffe://test/operator/alice"',
  "x-forwarded-for": "10.0.0.1",
  "x-forwarded-host": "authority.test",
  "x-forwarded-proto": "https",
  forwarded: 'for=10.0.0.1;host="authority.test"',
  via: "2 gateway.test",
  "x-real-ip": "10.0.0.1",
  "x-original-method": "/test.EchoService/Open",
  "x-envoy-external-address": "10.0.0.1",
  "x-envoy-peer-metadata": "operator/alice",
  "interlock-caller": "spiffe://test/operator/alice",
  "interlock-actors": "spiffe://test/gateway/1",
  "interlock-caller-bin": Buffer.from("operator/alice").toString("base64"),
};

/** What passes, so that a handler that sees nothing would be noticed. */
const harmless = { "x-tenant": "cafe", "x-trace-bin": Buffer.from([0, 255]).toString("base64") };

/** What a handler has seen of a call. */
interface Seen {
  readonly names: ReadonlySet<string>;
  /** The caller, and who acts for it. */
  readonly caller: string;
}

const through = "caller/1 via gateway/1";

function isHarmful({ names, caller }: Seen): boolean {
  return caller !== through || Object.keys(forged).some((name) => names.has(name));
}

export const gatewayRow: Row = {
  row: 27,
  attack: "forged identity metadata (x-forwarded-client-cert and the like); a backend reached around its gateway",
  ...wireForGateways,
  async play() {
    const seen: Seen[] = [];
    const handlers: Parameters<typeof echoStage>[0] = {
      echo(request, { metadata, caller }) {
        const via = caller.actors.map(({ name }) => ` via ${name}`).join("");
        seen.push({ names: new Set(Object.keys(metadata.getMap())), caller: `${caller.name}${via}` });
        return request;
      },
    };
    const stage = await echoStage(handlers, {}, { ...EchoService, via: ["gateway/*"] } as typeof EchoService);
    const { gateway, close } = await gatewayInFront(stage.fleet, stage.server.address);
    const session = rawSession(gateway.port, shows(stage.caller));

    /** Calls through the gateway; throws unless the handler saw what is harmless, and who calls. */
    async function call(headers: OutgoingHttpHeaders) {
      const authorization = await stage.authorization();
      const answer = answerOf(await rawCall(session, echo.path, { authorization, ...harmless, ...headers }));
      if (answer !== 0) return answer;
      const { names, caller } = seen.at(-1) ?? { names: new Set(), caller: "nobody" };
      if (caller !== through) throw new Error(`the handler saw ${caller}`);
      const missing = Object.keys(harmless).filter((name) => !names.has(name));
      if (missing.length > 0) throw new Error(`the handler did not see ${missing.join(", ")}`);
      return answer;
    }
    /** The bot's own port, which anyone can reach who knows it. */
    const around = (name: string, path: string, headers: (token: string) => OutgoingHttpHeaders): Variant => ({
      name,
      answer: 16,
      reason: "GATEWAY_REQUIRED",
      attack: async () => answerOf(await rawCall(stage.session, path, headers(await stage.authorization()))),
    });
    const stripped = (name: string, headers: OutgoingHttpHeaders): Variant => ({
      name,
      answer: 0,
      attack: () => call(headers),
    });

    return stage.play(
      [
        ...Object.entries(forged).map(([name, value]) => stripped(name, { [name]: value })),
        stripped("all of them, twice", Object.fromEntries(Object.keys(forged).map((name) => [name, ["a", "b"]]))),
        around("around the gateway, with a good token", echo.path, (authorization) => ({ authorization })),
        around("around the gateway, without a token", echo.path, () => ({})),
        around("around the gateway, to a method that is open to any bot", open.path, () => ({})),
        around("around the gateway, with forged words of one", echo.path, (authorization) => ({
          authorization,
          ...forged,
        })),
      ],
      {
        async control() {
          const answer = await call({});
          if (answer !== 0) throw new Error(`a good call was answered ${answer}`);
        },
        // The calls that have come as far as a handler with something forged, or around the gateway.
        handled: () => seen.filter(isHarmful).length + stage.server.handled.length,
        perControl: 0,
        async end() {
          session.destroy();
          await close();
          stage.session.destroy();
          await stage.server.bot.close(0);
        },
      },
    );
  },
};
