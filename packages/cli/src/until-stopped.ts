let serving = false;

/** Whether the process serves others now, so that it must not end because nobody reads its output. */
export function isServing(): boolean {
  return serving;
}

/** Resolves on Ctrl-C or SIGTERM, and keeps the process alive until then. */
export function untilStopped(): Promise<void> {
  serving = true;
  const alive = setInterval(() => {}, 2 ** 30); // The timers of a bot do not keep the process alive.
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(clearInterval(alive)));
  });
}
