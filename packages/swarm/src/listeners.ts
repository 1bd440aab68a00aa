/** Ends a subscription; calling it again does nothing. */
export type Unsubscribe = () => void;

/** Listeners that are all told the same thing. */
export interface Listeners<Event> {
  readonly add: (listener: (event: Event) => void) => Unsubscribe;
  readonly tell: (event: Event) => void;
}

/** Makes a list of listeners. One that throws keeps it from nobody, and is reported as an uncaught exception. */
export function createListeners<Event>(): Listeners<Event> {
  const listeners = new Set<{ listener: (event: Event) => void }>();
  return {
    add(listener) {
      const entry = { listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    tell(event) {
      for (const { listener } of [...listeners]) {
        try {
          listener(event);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
}
