import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { denial, InterlockError } from "../base/error.js";
import { createRateLimiter } from "../base/rate-limiter.js";

/** The compressed messages that are unpacked for one bot. Each costs some 50 µs, however little is in it. */
export const unpackedMessages = { perSecond: 1_000, burst: 1_000 };

/** The bytes that are unpacked for one bot. The last message may go beyond, and what it does is paid off first. */
export const unpackedBytes = { perSecond: 16 * 1_024 * 1_024, burst: 32 * 1_024 * 1_024 };

const unpackers: Readonly<Record<string, typeof gunzip | typeof inflate>> = { gzip: gunzip, deflate: inflate };

/**
 * Unpacks a message, one at a time for each bot, and within its bounds.
 *
 * @param packed - The message as it came.
 * @param encoding - `gzip` or `deflate`.
 * @param bot - The SPIFFE ID of a bot that has shown a token.
 * @param now - The current time, in milliseconds since the epoch.
 * @param maximumBytes - The longest message that may come out, in bytes.
 * @throws An `InterlockError`: `ENCODING_REFUSED`, `RATE_LIMITED`, RESOURCE_EXHAUSTED or INTERNAL.
 */
export type Unpack = (
  packed: Buffer,
  encoding: string,
  bot: string,
  now: () => number,
  maximumBytes: number,
) => Promise<Buffer>;

/** Makes the function that unpacks the messages of a server's calls. */
export function createUnpacker(): Unpack {
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

  async function unpack(
    packed: Buffer,
    encoding: string,
    bot: string,
    now: number,
    maxOutputLength: number,
  ): Promise<Buffer> {
    const unpacker = unpackers[encoding];
    if (!unpacker) throw denial("ENCODING_REFUSED");
    const waitMs = messages.take(bot, now) || debts.waitFor(bot, now);
    if (waitMs > 0) {
      throw denial("RATE_LIMITED", "send fewer compressed messages", { retryAfterMs: String(waitMs) });
    }
    try {
      const contents = await promisify(unpacker)(packed, { maxOutputLength, chunkSize: chunkSizeFor(packed) });
      debts.add(bot, contents.length, now);
      return contents;
    } catch (error) {
      debts.add(bot, maxOutputLength, now); // As much may have been unpacked until then.
      throw faultOf(error as NodeJS.ErrnoException, maxOutputLength);
    }
  }

  return (packed, encoding, bot, now, maximumBytes) =>
    inTurn(bot, () => unpack(packed, encoding, bot, now(), maximumBytes));
}

/** The bytes that come out at a time, each a turn of the event loop: more of what may become large. */
function chunkSizeFor({ length }: Buffer): number {
  return length < 1_024 ? 16 * 1_024 : 256 * 1_024;
}

function faultOf({ code }: NodeJS.ErrnoException, maximumBytes: number): InterlockError {
  return code === "ERR_BUFFER_TOO_LARGE"
    ? new InterlockError("RESOURCE_EXHAUSTED", `The message unpacks to more than ${maximumBytes} bytes.`)
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
