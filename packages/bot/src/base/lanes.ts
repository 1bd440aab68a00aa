/** Lanes for work of which not too much is to run at a time. */
export interface Lanes {
  /** Takes a lane. `undefined` where one was free; otherwise a promise that resolves once one is, in the order of the calls. */
  enter(): Promise<void> | undefined;
  /** Frees the lane that was taken. */
  leave(): void;
}

/** Makes so many lanes. What waits is not bounded here: each user waits once. */
export function createLanes(count: number): Lanes {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    enter() {
      if (free > 0) {
        free--;
        return undefined;
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    leave() {
      const next = waiting.shift();
      if (next) next();
      else free++;
    },
  };
}
