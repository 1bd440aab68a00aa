import { createListeners, type Unsubscribe } from "./subscription.js";

/** A value that somebody keeps current. */
export interface Held<T> {
  current(): T;
  onChange(listener: (value: T) => void): Unsubscribe;
}

/** A {@link Held} value that can be replaced. */
export interface Holder<T> extends Held<T> {
  replace(value: T): void;
}

/** Holds a value in memory. */
export function createHolder<T>(initial: T): Holder<T> {
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
