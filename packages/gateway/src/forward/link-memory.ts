import { createHash } from "node:crypto";
import { referenceKey, referenceTo } from "@interlock/bot/internal";
import type { HeaderList } from "@interlock/wire";
import type { Shown } from "./request-list.js";
import type { CallLink } from "./way.js";

/** The tokens that are remembered of one connection, the latest; a server keeps 64. */
const maximumRemembered = 32;

const offerName = "interlock-token-reference-offer";

/** What the bot at the other end of a connection knows already: tokens that calls may refer to. */
export class LinkMemory {
  /** The `authorization` values that were shown, with the reference to each. */
  readonly #remembered = new Map<string, Shown>();
  readonly #thumbprint: string;

  /** @param thumbprint - Of the certificate that the bot has shown on this connection. */
  constructor(thumbprint: string) {
    this.#thumbprint = thumbprint;
  }

  /** How a call shows a token here. */
  shown(authorization: string): Shown {
    return this.#remembered.get(authorization) ?? { name: "authorization", value: authorization };
  }

  /** Takes note of the offer in an answer to a call with this token. */
  learn(own: HeaderList, authorization: string): void {
    const at = own.indexOf(offerName);
    if (at < 0 || own[at + 1] !== this.#thumbprint || this.#remembered.has(authorization)) return;
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size >= maximumRemembered && oldest !== undefined) this.#remembered.delete(oldest);
    this.#remembered.set(authorization, { name: referenceKey, value: referenceTo(authorization) });
  }
}

const memories = new WeakMap<CallLink, LinkMemory>();

/** What is remembered of a connection. */
export function memoryOf(link: CallLink): LinkMemory {
  const known = memories.get(link);
  if (known) return known;
  const raw = link.secure?.getPeerX509Certificate()?.raw ?? Buffer.alloc(0);
  const memory = new LinkMemory(createHash("sha256").update(raw).digest("base64url"));
  memories.set(link, memory);
  return memory;
}
