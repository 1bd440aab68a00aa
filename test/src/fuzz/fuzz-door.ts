import { createCsr, createKeyPair, type Identity } from "@interlock/bot";
import { proveRecovery } from "@interlock/bot/internal";
import { EnrollmentService } from "@interlock/bot/protocol";
import { type RawAnswer, rawCall, rawSession } from "@interlock/bot/testing";
import { type CaseOptions, casesOf } from "./cases.js";
import type { Random } from "./random.js";
import type { Answers } from "./try-cases.js";

/** The enrollment door of an authority, and what opens it. */
export interface Door {
  readonly port: number;
  /** For a pattern, with many uses. */
  readonly joinToken: string;
  /** A name that the token is for. */
  readonly name: string;
  /** The identity of a bot. */
  readonly identity: Identity;
  /** Rejects when an honest user has noticed. */
  check(): Promise<void>;
}

/** UNKNOWN, INTERNAL, DATA_LOSS, and a connection that was closed. UNAVAILABLE is the answer to a certificate that is refused. */
const faults: ReadonlySet<number | undefined> = new Set([2, 13, 15, undefined]);
const checkEvery = 25;
/** The largest request that a stranger may send. Where it goes on sending more, it may be cut off. */
const maximumBytes = 64 * 1_024;

/**
 * Sends the enrollment door every request with every field at its extremes, as strangers do: each on a connection of its own, and
 * one to recover after its challenge. Some begin with a good join token, or with a good proof, so that what is checked later is
 * reached, too.
 */
export async function fuzzDoor(
  { port, joinToken, name, identity, check }: Door,
  random: Random,
  options: Pick<CaseOptions, "mixed" | "share">,
): Promise<{ count: number; answers: Answers; problems: string[] }> {
  const { join, beginRecovery, recover } = EnrollmentService.methods;
  const csr = await createCsr(await createKeyPair(), `spiffe://cafe/${name}`);
  const joining = join.request.encode(join.request.fromPartial({ joinToken, csr, name })).finish();
  const chain = [...identity.chain];
  const showing = recover.request.encode(recover.request.fromPartial({ chain, csr })).finish();
  const cases = casesOf(EnrollmentService, random, { ...options, bases: { join: [joining], recover: [showing] } });
  const answers: Answers = {};
  const problems: string[] = [];

  /** A good proof for the challenge of a connection, to which an extreme is added. */
  function proofOf(challenge: Uint8Array): Uint8Array {
    const leaf = chain[0] as Uint8Array;
    const statement = { challenge, leaf, csr, authority: "spiffe://cafe/interlock/authority" };
    const proof = proveRecovery(statement, identity.privateKey);
    return recover.request.encode(recover.request.fromPartial({ proof })).finish();
  }

  async function send(method: string, bytes: Uint8Array): Promise<RawAnswer> {
    const session = rawSession(port);
    try {
      if (method !== "recover")
        return await rawCall(session, `/${EnrollmentService.name}/${pathOf(method)}`, {}, framed(bytes));
      const { body } = await rawCall(session, beginRecovery.path, {}, framed(new Uint8Array()));
      const { challenge } = beginRecovery.response.decode(body.subarray(5));
      const proved = random.below(2) === 0 ? [proofOf(challenge), bytes] : [bytes];
      return await rawCall(session, recover.path, {}, framed(Buffer.concat(proved)));
    } finally {
      session.destroy();
    }
  }

  for (const [i, each] of cases.entries()) {
    const bytes = each.bytes();
    const { status } = await send(each.method, bytes);
    answers[status ?? "close"] = (answers[status ?? "close"] ?? 0) + 1;
    const undecodable = status === 13 && each.name === "cut off";
    const cutOff = status === undefined && bytes.length > maximumBytes;
    if (faults.has(status) && !undecodable && !cutOff)
      problems.push(`${each.method}, ${each.name}: answered ${status ?? "close"}`);
    if ((i + 1) % checkEvery !== 0 && i + 1 < cases.length) continue;
    await check().catch((error: Error) => problems.push(`${each.method}, ${each.name}: ${error.message}`));
  }
  return { count: cases.length, answers, problems };
}

function pathOf(method: string): string {
  return `${method[0]?.toUpperCase()}${method.slice(1)}`;
}

/** A message of gRPC: the flag for no compression, its length, its bytes. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
