/** Resolves on Ctrl-C or SIGTERM, and keeps the process alive until then. */
export function untilStopped(): Promise<void> {
  const alive = setInterval(() => {}, 2 ** 30); // The timers of a bot do not keep the process alive.
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(clearInterval(alive)));
  });
}
