import { block, data, frame, goAway, headers, ping, rstStream, settings, windowUpdate } from "@interlock/wire/testing";
import type { Random } from "../fuzz/random.js";

/** Makes the frames of a connection: sound ones, wrong ones, and mutations of real ones. */
export interface FrameMaker {
  make(): Buffer;
}

/** What a connection is to be sent. */
export interface FrameMakerOptions {
  readonly random: Random;
  /** What a peer of another make has sent, from the beginning on. */
  readonly real: readonly Buffer[];
  /** Whether the frames are those of a client. */
  readonly isClient: boolean;
  /** How many of 1,000 frames are wrong. */
  readonly wrong: number;
  /** The highest id of a stream that the other end has opened. */
  lastOpened(): number;
}

export function createFrameMaker({ random, real, isClient, wrong, lastOpened }: FrameMakerOptions): FrameMaker {
  const replays = random.below(2) === 0;
  let next = replays ? 0 : random.below(real.length);
  let opened = replays && isClient ? 23 : -1;

  const bytes = (most: number) => Buffer.from(Array.from({ length: random.below(most + 1) }, () => random.below(256)));
  const last = () => Math.max(opened, isClient ? -1 : lastOpened());
  /** One of the last streams, most of which are open. */
  const known = () => Math.max(1, last() - 2 * random.below(random.pick([3, 40])));
  const unknown = () => random.pick([0, 2, 4, last() + 2, 2 ** 31 - 1, 1_000_001]);

  function open(): Buffer {
    opened += 2;
    const list = random.pick(requests);
    if (random.below(4) > 0) return headers(opened, list, random.pick([4, 4, 5]));
    const whole = block(list);
    const cut = random.below(whole.length);
    return Buffer.concat([
      frame(1, random.below(2), opened, whole.subarray(0, cut)),
      frame(9, 4, opened, whole.subarray(cut)),
    ]);
  }

  function sound(): Buffer {
    if (last() < 1) return isClient ? open() : ping();
    const id = known();
    switch (random.below(12)) {
      case 0:
      case 1:
      case 2:
        return data(id, bytes(200), random.below(4) === 0);
      case 3:
        return windowUpdate(random.below(2) * id, 1 + random.below(random.pick([10, 70_000])));
      case 4:
        return ping(Buffer.alloc(8, random.below(256)), random.below(2));
      case 5:
        return rstStream(id, random.below(14));
      case 6:
        return settings([random.pick([1, 3, 4, 6, 99]), random.below(random.pick([1, 5_000, 70_000]))]);
      case 7:
        return frame(2, 0, id, Buffer.from([0, 0, 0, 0, random.below(256)]));
      case 8:
        return frame(random.below(246) + 10, random.below(256), id, bytes(20));
      default:
        if (isClient) return random.below(60) === 0 ? headers(id, ["x-trailer", "1"], 5) : open();
        return headers(id, random.pick(answers), random.pick([4, 4, 5]));
    }
  }

  function mutated(): Buffer {
    const copy = Buffer.from(real[(replays ? next++ : random.below(real.length)) % real.length] as Buffer);
    const at = random.below(copy.length);
    switch (random.below(6)) {
      case 0:
        copy[at] = random.below(256);
        return copy;
      case 1:
        copy[at] = (copy[at] as number) ^ (1 << random.below(8));
        return copy;
      case 2:
        return copy.subarray(0, at); // What follows is taken for the rest.
      case 3:
        return Buffer.concat([copy, copy]);
      case 4: {
        if (copy.length === 9) return copy;
        const shorter = Buffer.from(copy.subarray(0, 9 + random.below(copy.length - 9)));
        shorter.writeUIntBE(shorter.length - 9, 0, 3);
        return shorter;
      }
      default:
        copy.writeUInt32BE(random.below(2) === 0 ? known() : unknown(), 5);
        return copy;
    }
  }

  function wild(): Buffer {
    const kind = random.below(4);
    if (kind === 0) return bytes(40);
    if (kind === 1) return goAway(random.below(10), random.below(20), "x");
    return frame(
      random.below(11),
      random.below(256),
      random.below(4) === 0 ? unknown() : known(),
      bytes(random.pick([0, 4, 8, 60])),
    );
  }

  return {
    make() {
      if (random.below(1_000) < wrong) return random.below(2) === 0 ? mutated() : wild();
      if (!replays || next >= real.length) return sound();
      return real[next++] as Buffer;
    },
  };
}

const head = [":method", "POST", ":scheme", "http", ":path", "/x", ":authority", "arm"];
const requests = [
  head,
  [...head, "content-length", "10"],
  [...head, "x", "y".repeat(300)],
  ["broken", "1"],
  [...head, "Upper", "1"],
  ["x-trailer", "1"],
];
const answers = [
  [":status", "200"],
  [":status", "103"],
  [":status", "200", "content-length", "3"],
  ["grpc-status", "0"],
  [":path", "/"],
];
