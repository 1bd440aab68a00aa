/** Ends a subscription; calling it again does nothing. */
export type Unsubscribe = () => void;

/**
 * A list of listeners that are all told the same thing. A listener that throws does not keep it from the others, or
 * from whoever tells it: unless `onFailure` takes the error, it becomes a warning of the process.
 */
export function createListeners<Event>(onFailure: (error: unknown) => void = warn): {
  add(listener: (event: Event) => void): Unsubscribe;
  tell(event: Event): void;
} {
  const listeners = new Set<(event: Event) => void>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell(event) {
      for (const listener of [...listeners]) {
        try {
          listener(event);
        } catch (error) {
          onFailure(error);
        }
      }
    },
  };
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
