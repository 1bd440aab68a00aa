import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import type { Metadata, ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { denial, InterlockError } from "../base/error.js";
import { createRateLimiter } from "../base/rate-limiter.js";
import { limits } from "./limits.js";
import { toStatus } from "./live-call.js";

/** The compressed messages that are unpacked for one bot. Each costs some 50 µs, however little is in it. */
export const unpackedMessages = { perSecond: 1_000, burst: 1_000 };

/** The bytes that are unpacked for one bot. The last message may go beyond, and what it does is paid off first. */
export const unpackedBytes = { perSecond: 16 * 1_024 * 1_024, burst: 32 * 1_024 * 1_024 };

const unpackers: Readonly<Record<string, typeof gunzip | typeof inflate>> = { gzip: gunzip, deflate: inflate };

/** A call of grpc-js, with the two members that only its own code is meant to use. No test passes where they are gone. */
interface UnpackingCall {
  readonly incomingEncoding?: unknown;
  decompressMessage?: (message: Buffer, encoding: string) => Buffer | Promise<Buffer>;
}

/** The encoding in which the messages of a call are sent; anything but `identity` has to be unpacked. */
export function encodingOf(call: ServerInterceptingCallInterface): string {
  const { incomingEncoding, decompressMessage } = call as UnpackingCall;
  // Where grpc-js has changed, nothing is taken, rather than unpacked without a bound.
  return typeof decompressMessage === "function" ? String(incomingEncoding) : "unknown";
}

/** The answer where messages have to come as they are: UNIMPLEMENTED, with the encodings that are taken. */
export function refuseEncoding(): { code: number; details: string; metadata: Metadata } {
  const answer = toStatus(denial("ENCODING_REFUSED"));
  answer.metadata.set("grpc-accept-encoding", "identity");
  return answer;
}

/** Unpacks the messages of calls, within the bounds of each bot. */
export interface Unpacking {
  /**
   * Has the messages of a call unpacked one by one, each when it is read, in place of all that have come; and one at a time
   * for each bot. Gives the function to call before each read.
   *
   * @param call - A call of a bot that has shown a token.
   * @param bot - Its SPIFFE ID.
   * @param now - The current time, in milliseconds since the epoch.
   */
  take(call: ServerInterceptingCallInterface, bot: string, now: () => number): () => void;
}

/** Makes the unpacking of a server's calls. */
export function createUnpacking(): Unpacking {
  const messages = createRateLimiter(unpackedMessages);
  const debts = createDebts();
  /** The last message under way for each bot; bounded by the connections. */
  const turns = new Map<string, Promise<unknown>>();

  function inTurn(bot: string, work: () => Promise<Buffer>): Promise<Buffer> {
    const turn = (turns.get(bot) ?? Promise.resolve()).then(work, work);
    turns.set(bot, turn);
    const leave = () => turns.get(bot) === turn && turns.delete(bot);
    turn.then(leave, leave);
    return turn;
  }

  async function unpack(packed: Buffer, encoding: string, bot: string, now: number): Promise<Buffer> {
    const unpacker = unpackers[encoding];
    if (!unpacker) throw refuseEncoding();
    const waitMs = messages.take(bot, now) || debts.waitFor(bot, now);
    if (waitMs > 0) {
      const refusal = denial("RATE_LIMITED", "send fewer compressed messages", { retryAfterMs: String(waitMs) });
      throw toStatus(refusal);
    }
    const maxOutputLength = limits["grpc.max_receive_message_length"];
    try {
      const contents = await promisify(unpacker)(packed, { maxOutputLength });
      debts.add(bot, contents.length, now);
      return contents;
    } catch (error) {
      debts.add(bot, maxOutputLength, now); // As much may have been unpacked until then.
      throw toStatus(faultOf(error as NodeJS.ErrnoException));
    }
  }

  return {
    take(call, bot, now) {
      let reads = 0;
      let come = 0;
      const waiting: (() => void)[] = [];
      (call as UnpackingCall).decompressMessage = async (message, encoding) => {
        come++;
        if (come > reads) await new Promise<void>((resolve) => waiting.push(resolve));
        const contents = message.subarray(5);
        return encoding === "identity" ? contents : inTurn(bot, () => unpack(contents, encoding, bot, now()));
      };
      return () => {
        reads++;
        waiting.shift()?.();
      };
    },
  };
}

function faultOf({ code }: NodeJS.ErrnoException): InterlockError {
  return code === "ERR_BUFFER_TOO_LARGE"
    ? new InterlockError(
        "RESOURCE_EXHAUSTED",
        `The message unpacks to more than ${limits["grpc.max_receive_message_length"]} bytes.`,
      )
    : new InterlockError("INTERNAL", "The message could not be unpacked.");
}

/** The bytes that have been unpacked for each bot, less what has been paid off since. */
function createDebts() {
  const debts = new Map<string, { bytes: number; at: number }>();

  function owed(bot: string, now: number): number {
    const { bytes, at } = debts.get(bot) ?? { bytes: 0, at: now };
    return Math.max(0, bytes - (Math.max(0, now - at) / 1_000) * unpackedBytes.perSecond);
  }

  return {
    waitFor(bot: string, now: number): number {
      const over = owed(bot, now) - unpackedBytes.burst;
      return over < 0 ? 0 : Math.ceil((over / unpackedBytes.perSecond) * 1_000) + 1;
    },
    add(bot: string, bytes: number, now: number): void {
      debts.set(bot, { bytes: owed(bot, now) + bytes, at: now });
      // Debts are paid off within seconds, so this bounds them by the bots that send at the same time.
      if (debts.size > debtsToSweep) for (const name of debts.keys()) if (owed(name, now) === 0) debts.delete(name);
    },
  };
}

const debtsToSweep = 1_000;
