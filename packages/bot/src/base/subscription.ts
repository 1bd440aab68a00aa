/** Ends a subscription. Calling it again does nothing. */
export type Unsubscribe = () => void;

/**
 * Makes a list of listeners. A listener that throws affects neither the other listeners nor the caller of `tell`: its
 * error goes to `onFailure`. Default: a warning of the process.
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
