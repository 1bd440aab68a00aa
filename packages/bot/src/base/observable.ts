import { createListeners, type Unsubscribe } from "./subscription.js";

/** A value that changes, and that can be watched. */
export interface Observable<T> {
  /** The value as it is now. */
  current(): T;
  /**
   * Calls `listener` with each new value.
   *
   * @returns A function that ends it.
   */
  onChange(listener: (value: T) => void): Unsubscribe;
}

/** An {@link Observable} whose value can be replaced. */
export interface MutableObservable<T> extends Observable<T> {
  /** Replaces the value and tells every listener. */
  replace(value: T): void;
}

/**
 * Makes an observable value in memory.
 *
 * @param initial - The value at the start.
 * @returns The observable.
 *
 * @example
 * ```ts
 * const identity = createObservable(first);
 * identity.onChange((next) => console.log(next.leaf.serial));
 * identity.replace(renewed);
 * ```
 */
export function createObservable<T>(initial: T): MutableObservable<T> {
  const listeners = createListeners<T>();
  let current = initial;
  return {
    current: () => current,
    replace(value) {
      current = value;
      listeners.tell(value);
    },
    onChange: listeners.add,
  };
}
