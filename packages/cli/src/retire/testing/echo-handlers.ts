/** Handlers of the echo service; `ended` is called with the reason when a stream of `chat` has ended. */
export function echoHandlers(ended: (reason: string) => void = () => {}) {
  return {
    echo: (request: object) => request,
    open: (request: object) => request,
    reset: (request: object) => request,
    join: () => ({}),
    async *count() {},
    async *chat(_requests: unknown, { signal }: { readonly signal: AbortSignal }) {
      yield {};
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      ended(String((signal.reason as { reason?: string } | undefined)?.reason));
    },
  };
}
