// The side of the other organization: nothing here knows of Interlock, only the official SDK of A2A.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { json } from "node:stream/consumers";
import { AGENT_CARD_PATH, type AgentCard, SendMessageRequest, verifyAgentCardSignature } from "@a2a-js/sdk";
import { type CallInterceptor, type Client, ClientFactory } from "@a2a-js/sdk/client";
import { GrpcTransportFactory } from "@a2a-js/sdk/client/grpc";
import { decodeErrorInfo, decodeStatus } from "@a2a-js/sdk/errors/grpc";
import { credentials } from "@grpc/grpc-js";
import { type CryptoKey, importJWK, type JWK } from "jose";

/** What a partner's agent knows of the agent that it calls. */
export interface PartnerOptions {
  /** The URL below which the card is. */
  readonly url: string;
  /** The CA of that URL and of the door, PEM. */
  readonly ca: string;
  /** The token of the partner's own issuer. */
  readonly token?: string;
}

/** Reads the card, verifies its signature, and connects as the card says. */
export async function connectPartner(options: PartnerOptions): Promise<Client> {
  const { ca, token } = options;
  const card = await readCard(options);
  await verifyCard(card, options);
  const factory = new ClientFactory({
    transports: [new GrpcTransportFactory({ grpcChannelCredentials: credentials.createSsl(Buffer.from(ca)) })],
    clientConfig: { interceptors: token === undefined ? [] : [bearer(token)] },
  });
  return factory.createFromAgentCard(card);
}

/** Reads the card as JSON: a card that the SDK has parsed has lost its security schemes for the SDK's own verifier. */
export async function readCard({ url, ca }: PartnerOptions): Promise<AgentCard> {
  return (await readJson(new URL(`/${AGENT_CARD_PATH}`, url), ca)) as AgentCard;
}

/** Rejects when no signature of the card fits a key of the agent. */
export function verifyCard(card: AgentCard, { url, ca }: PartnerOptions): Promise<void> {
  return verifyAgentCardSignature(async (kid, jku) => {
    // Keys from anywhere else would prove nothing about this agent.
    if (jku !== `${url}/.well-known/jwks.json`) throw new Error(`The card is signed with a key of ${jku}.`);
    const { keys } = (await readJson(new URL(jku), ca)) as { keys: (JWK & { kid: string })[] };
    const key = keys.find((one) => one.kid === kid);
    if (key === undefined) throw new Error(`${jku} does not have the key ${kid}.`);
    return (await importJWK(key, "ES256")) as CryptoKey; // No symmetric key, which would be bytes.
  })(card);
}

/** Shows the token with each call. */
function bearer(token: string): CallInterceptor {
  return {
    async before(call) {
      const serviceParameters = { ...call.options?.serviceParameters, authorization: `Bearer ${token}` };
      call.options = { ...call.options, serviceParameters };
    },
    async after() {},
  };
}

/** Reads JSON from a server of one CA, which `fetch` of Node does not take. */
async function readJson(url: URL, ca: string): Promise<unknown> {
  const asked = request(url, { ca }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${url} answers ${response.statusCode}.`);
  return json(response);
}

/** An order of coffee, as a message. */
export function orderCoffee(shots: number, messageId: string = randomUUID()): SendMessageRequest {
  const order = { skill: "cafe.kitchen.v1.KitchenService/Brew", input: { shots } };
  return SendMessageRequest.fromJSON({ message: { messageId, role: "ROLE_USER", parts: [{ data: order }] } });
}

/** The reason in the details of an error: `google.rpc.ErrorInfo`. */
export function reasonOf(error: unknown): string | undefined {
  const { statusDetailsBin } = error as { readonly statusDetailsBin?: Buffer };
  const [detail] = statusDetailsBin ? decodeStatus(statusDetailsBin).details : [];
  return detail && decodeErrorInfo(detail.value).reason;
}
