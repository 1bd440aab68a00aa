/** Listeners to one changing value. */
export interface Listeners<T> {
  /** Adds a listener, and returns the function that removes it. */
  add(listener: (value: T) => void): () => void;
  tell(value: T): void;
}

/** Creates an empty set of listeners. It calls them in the order in which they were added. */
export function createListeners<T>(): Listeners<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell(value) {
      for (const listener of [...listeners]) listener(value);
    },
  };
}
