import { createListeners, type Unsubscribe } from "./subscription.js";

/** A value that somebody keeps current. */
export interface Observable<T> {
  current(): T;
  onChange(listener: (value: T) => void): Unsubscribe;
}

/** A {@link Observable} value that can be replaced. */
export interface MutableObservable<T> extends Observable<T> {
  replace(value: T): void;
}

/** Holds a value in memory. */
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
