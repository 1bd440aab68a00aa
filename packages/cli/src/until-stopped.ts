/** Resolves on Ctrl-C, or when the process is told to end; until then it keeps the process alive. */
export function untilStopped(): Promise<void> {
  const alive = setInterval(() => {}, 2 ** 30); // What a bot does by itself keeps no process alive.
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(clearInterval(alive)));
  });
}
