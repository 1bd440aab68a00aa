import { fromSqlite } from "@interlock/database";

/**
 * Makes the methods of an object reject with the cause in words where SQLite does not work for now, such as a full disk.
 * PostgreSQL's errors say so already.
 */
export function tellFaults<T extends object>(of: T): T {
  const entries = Object.entries(of).map(([name, value]) => [name, typeof value === "function" ? told(value) : value]);
  return Object.fromEntries(entries) as T;
}

// biome-ignore lint/complexity/noBannedTypes: the parameters of each method stay those that it has.
function told(method: Function): Function {
  return (...args: readonly unknown[]) => {
    const result: unknown = method(...args);
    return result instanceof Promise ? result.catch(rethrow) : result;
  };
}

function rethrow(error: unknown): never {
  throw fromSqlite(error);
}
