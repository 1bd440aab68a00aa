/** Which bots listen for the emergency stop, and on how many streams. Bound: one name for each bot with an open stream. */
export interface Listening {
  /** Whether this bot has at least one stream open. A worker that has none is given no work. */
  has(name: string): boolean;
  /** Adds a stream of this bot; what it returns removes the stream again. */
  add(name: string): () => void;
}

/** Creates it without a stream. */
export function createListening(): Listening {
  const streams = new Map<string, number>();
  return {
    has: (name) => streams.has(name),
    add(name) {
      streams.set(name, (streams.get(name) ?? 0) + 1);
      let open = true;
      return () => {
        if (!open) return;
        open = false;
        const left = (streams.get(name) ?? 1) - 1;
        if (left > 0) streams.set(name, left);
        else streams.delete(name);
      };
    },
  };
}
