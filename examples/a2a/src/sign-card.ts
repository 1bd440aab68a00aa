import { createFileRegistry, type DescMessage, fromBinary, type JsonObject, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type CryptoKey, FlattenedSign } from "jose";
import { canonicalJson } from "./canonical-json.js";
import { AgentCard } from "./gen/lf/a2a/v1/a2a.js";
import { A2AService } from "./gen/lf/a2a/v1/a2a_interlock.js";

/** The key that cards are signed with. */
export interface CardKey {
  readonly privateKey: CryptoKey;
  readonly kid: string;
  /** The URL of the JWK Set with its public half. */
  readonly jku: string;
}

/** The card as JSON, as protobuf maps it: without fields that have their default. */
export function cardJson(card: AgentCard): JsonObject {
  return toJson(cardType, fromBinary(cardType, AgentCard.encode(card).finish())) as JsonObject;
}

/**
 * Signs a card: a JWS (RFC 7515) over its canonical JSON (RFC 8785) without signatures (A2A 1.0, section 8.4).
 *
 * @returns The card with one signature more.
 */
export async function signCard(card: AgentCard, { privateKey, kid, jku }: CardKey): Promise<AgentCard> {
  const { signatures: _, ...json } = cardJson(card);
  const { protected: header = "", signature } = await new FlattenedSign(Buffer.from(canonicalJson(json)))
    .setProtectedHeader({ alg: "ES256", typ: "JOSE", kid, jku })
    .sign(privateKey);
  return { ...card, signatures: [...card.signatures, { protected: header, signature, header: undefined }] };
}

const cardType = findType("lf.a2a.v1.AgentCard");

function findType(name: string): DescMessage {
  const set = fromBinary(FileDescriptorSetSchema, Buffer.from(A2AService.descriptors ?? "", "base64"));
  const type = createFileRegistry(set).getMessage(name);
  if (type === undefined) throw new Error(`The descriptors do not have ${name}.`);
  return type;
}
