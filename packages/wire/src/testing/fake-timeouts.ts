/** Replaces `setTimeout`, so that a test says when time passes. Sockets and the like keep the real one, which is Node's own. */
export function fakeTimeouts(): { pass(ms: number): void; restore(): void } {
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  const due = new Map<object, { at: number; then(): void }>();
  let now = 0;
  const set = (then: () => void, ms = 0) => {
    const timer = { unref: () => timer, ref: () => timer };
    due.set(timer, { at: now + ms, then });
    return timer;
  };
  const clear = (timer: object | undefined) => {
    if (timer && !due.delete(timer)) realClear(timer as NodeJS.Timeout);
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  return {
    pass(ms) {
      now += ms;
      for (const [timer, { at, then }] of [...due]) {
        if (at > now || !due.delete(timer)) continue;
        then();
      }
    },
    restore: () => Object.assign(globalThis, { setTimeout: realSet, clearTimeout: realClear }),
  };
}
