import { outside } from "./outside.js";

/** What has something to hand on to its listener. */
export interface Deliverer {
  deliver(): void;
}

let due: Deliverer[] = [];

/**
 * Has something delivered after what is being read has been read: what a listener does, or throws, cannot disturb the reading. The
 * calls to which one piece of a socket's content belongs are served together.
 */
export function deliverSoon(deliverer: Deliverer): void {
  due.push(deliverer);
  if (due.length === 1) outside(process.nextTick, deliverAll);
}

function deliverAll(): void {
  const batch = due;
  due = [];
  deliverFrom(batch, 0);
}

function deliverFrom(batch: readonly Deliverer[], start: number): void {
  let at = start;
  try {
    while (at < batch.length) (batch[at++] as Deliverer).deliver();
  } finally {
    // A listener has thrown, which is its owner's concern. The others get what is theirs.
    if (at < batch.length) process.nextTick(deliverFrom, batch, at);
  }
}
