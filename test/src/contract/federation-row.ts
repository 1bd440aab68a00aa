import { formatTrustBundle } from "@interlock/authority";
import type { Identity } from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { createTestCa, createTestFleet, EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { authorityStage, framed } from "./authority-stage.js";
import { answerOf, audience, count, echo, echoStage, open, reset } from "./echo-stage.js";
import { openStream } from "./open-stream.js";
import type { Answer, Row, Variant } from "./row.js";

const named = "spiffe://partner/orders/*";
const { issueToken, renew, confirm, watchTrust, findServers, exchangeToken, report, delegate } =
  AuthorityService.methods;

/** Some of the methods of the authority that bots of the home domain may call. */
const closedMethods = [
  renew,
  confirm,
  watchTrust,
  findServers,
  exchangeToken,
  report,
  delegate,
  AdminService.methods.listBots,
];

/** The service of the stage: its methods name the partner's bots, but for one. */
function namingService(): typeof EchoService {
  const methods = Object.entries(EchoService.methods).map(([key, method]) => {
    const callers = key === "reset" ? ["**"] : ["**", named];
    return [key, { ...method, policy: { ...method.policy, ...(!method.policy.anyBot && { callers }) } }];
  });
  return { ...EchoService, methods: Object.fromEntries(methods) };
}

export const federationRow: Row = {
  row: 70,
  attack:
    "a bot of a federated trust domain where nothing names it, or an identity that the other domain's CA has signed",
  async play() {
    const partner = await createTestCa("partner");
    const partnerFleet = await createTestFleet();
    const stage = await echoStage({}, {}, namingService());
    const { fleet, server } = stage;
    const domain = {
      trustDomain: "partner",
      caCertificates: [partner.der],
      services: [audience],
      identities: [named],
      since: Date.now() - 60_000,
    };
    const federate = (federated: readonly (typeof domain)[]): void => {
      const { state } = fleet.trust;
      fleet.trust.replace({ ...state, version: state.version + 1n, federated });
    };
    federate([domain]);
    const home = await authorityStage();
    const bundle = formatTrustBundle({ caCertificates: [partner.der], sequence: 1n, refreshHintSeconds: 300 });
    await home.admin.addFederation({ trustDomain: "partner", services: [audience], identities: [named], bundle });
    const file = `grants: {"${named}": {${audience}: ["echo:call"], other.v1.Service: ["echo:call"]}, "**": {${audience}: ["echo:call"]}}`;
    await home.authority.applyGrants(file);
    const denials: string[] = [];
    fleet.recorder.onDenial(({ reason }) => denials.push(reason));
    home.authority.onDenial(({ reason }) => denials.push(reason));

    const orders = await partner.issue("spiffe://partner/orders/1");
    const other = await partner.issue("spiffe://partner/orders/2");
    const billing = await partner.issue("spiffe://partner/billing/1");
    const third = await partner.issue("spiffe://third/orders/1");
    const forgedHome = await partner.issue("spiffe://test/good/1");
    const forgedPartner = await fleet.ca.issue("spiffe://partner/orders/1");
    const acting = await fleet.ca.issue("spiffe://test/gateway/1");

    const tokenOf = (identity: Identity, claims = {}) => fleet.token(identity, audience, ["echo:call"], claims);

    async function call(identity: Identity, token: string | undefined, path: string = echo.path): Promise<Answer> {
      const session = rawSession(server.port, shows(identity));
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const answer = answerOf(await rawCall(session, path, headers));
      session.destroy();
      return answer;
    }

    /** Calls the home authority. */
    async function ask(identity: Identity, path: string, message: Uint8Array = new Uint8Array()): Promise<Answer> {
      const session = rawSession(home.authority.port, shows(identity));
      const answer = answerOf(await rawCall(session, path, {}, framed(message)));
      session.destroy();
      return answer;
    }
    const askToken = (identity: Identity, wanted: object = {}): Promise<Answer> => {
      const request = issueToken.request.fromPartial({ audience, scopes: ["echo:call"], ...wanted });
      return ask(identity, issueToken.path, issueToken.request.encode(request).finish());
    };

    const closed = (name: string, identity: Identity, reason: Variant["reason"]): Variant => ({
      name,
      answer: "close",
      ...(reason !== undefined && { reason }),
      attack: async () => call(identity, await tokenOf(identity)),
    });
    const refused = (
      name: string,
      answer: number,
      reason: NonNullable<Variant["reason"]>,
      attack: Variant["attack"],
    ): Variant => ({ name, answer, reason, attack });

    return {
      variants: [
        closed("the partner's CA signs a name of the home domain", forgedHome, "CERTIFICATE_UNTRUSTED"),
        closed("the home domain's CA signs a name of the partner", forgedPartner, "CERTIFICATE_UNTRUSTED"),
        closed("an identity of the partner outside the patterns", billing, "TRUST_DOMAIN_MISMATCH"),
        closed("the partner's CA signs a name of a third domain", third, "TRUST_DOMAIN_MISMATCH"),
        refused("a method whose policy does not name the partner", 7, "CALLER_NOT_ALLOWED", async () =>
          call(orders, await fleet.token(orders, audience, ["echo:reset"]), reset.path),
        ),
        refused("a method that is open to any bot", 7, "CALLER_NOT_ALLOWED", () => call(orders, undefined, open.path)),
        refused("no token", 16, "TOKEN_MISSING", () => call(orders, undefined)),
        refused("the partner's own token", 16, "TOKEN_KEY_UNKNOWN", async () =>
          call(orders, await partnerFleet.token(orders, audience, ["echo:call"], {}, { kid: "key-2" })),
        ),
        refused("the partner's own token under the name of the home domain's key", 16, "TOKEN_SIGNATURE", async () =>
          call(orders, await partnerFleet.token(orders, audience, ["echo:call"])),
        ),
        refused("a token of another bot of the partner", 16, "TOKEN_MALFORMED", async () =>
          call(orders, await tokenOf(other)),
        ),
        refused("a token with another certificate of its bot", 16, "TOKEN_BINDING_MISMATCH", async () =>
          call(await partner.issue("spiffe://partner/orders/1"), await tokenOf(orders)),
        ),
        refused("a token in which it acts for a bot of the home domain", 16, "TOKEN_MALFORMED", async () =>
          call(orders, await tokenOf(orders, { sub: "spiffe://test/good/1", act: { sub: orders.spiffeId.uri } })),
        ),
        refused("a token in which a bot of the home domain acts for it", 16, "TOKEN_MALFORMED", async () =>
          call(acting, await tokenOf(acting, { sub: orders.spiffeId.uri, act: { sub: acting.spiffeId.uri } })),
        ),
        refused("a token from before the domain was added", 16, "TOKEN_OUTDATED", async () => {
          const token = await tokenOf(orders);
          federate([{ ...domain, since: Date.now() + 5_000 }]);
          try {
            return await call(orders, token);
          } finally {
            federate([domain]);
          }
        }),
        {
          name: "an open stream when the domain is revoked",
          answer: 16,
          reason: "IDENTITY_REVOKED",
          async attack() {
            const session = rawSession(server.port, shows(orders));
            const stream = await openStream(session, count.path, `Bearer ${await tokenOf(orders)}`);
            server.handled.pop(); // The stream's own handler, which was admitted.
            federate([]);
            const status = await stream.status;
            federate([domain]);
            session.destroy();
            return status ?? "close";
          },
        },
        {
          name: "an open stream when the relation does not name its service any more",
          answer: 16,
          reason: "TOKEN_OUTDATED",
          async attack() {
            const session = rawSession(server.port, shows(orders));
            const stream = await openStream(session, count.path, `Bearer ${await tokenOf(orders)}`);
            server.handled.pop();
            federate([{ ...domain, services: ["other.v1.Service"] }]);
            const status = await stream.status;
            federate([domain]);
            session.destroy();
            return status ?? "close";
          },
        },
        ...closedMethods.map(({ path }) =>
          refused(`the authority's ${path.split("/").at(-1)}`, 7, "CALLER_NOT_ALLOWED", () => ask(orders, path)),
        ),
        {
          name: "a token of the authority for an identity outside the patterns",
          answer: "close",
          reason: "TRUST_DOMAIN_MISMATCH",
          attack: () => askToken(billing),
        },
        refused("a token for a service that the relation does not name", 7, "NO_GRANT", () =>
          askToken(orders, { audience: "other.v1.Service" }),
        ),
        refused("a token under a delegation", 7, "NO_GRANT", () => askToken(orders, { delegation: "dlg-1" })),
        {
          name: "a token by a grant to all bots of the home domain",
          answer: 7,
          reason: "NO_GRANT",
          async attack() {
            await home.authority.applyGrants(`grants: {"**": {${audience}: ["echo:call"]}}`);
            try {
              return await askToken(orders);
            } finally {
              await home.authority.applyGrants(file);
            }
          },
        },
      ],
      async control() {
        await server.goodCall();
        const answer = await call(orders, await tokenOf(orders));
        if (answer !== 0) throw new Error(`an honest bot of the partner was answered ${answer}`);
        const asked = await askToken(orders);
        if (asked !== 0) throw new Error(`an honest bot of the partner got no token: ${asked}`);
      },
      perControl: 3,
      handled: async () => server.handled.length + (await home.given()),
      denials: () => denials,
      async end() {
        await stage.play([]).end();
        await home.end();
      },
    };
  },
};
