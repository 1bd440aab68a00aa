import type { HeaderList } from "../header-list.js";

const fields: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** The static table (RFC 7541, appendix A): the name of the entry n is at `2 * n - 2`, its value at `2 * n - 1`. */
export const staticTable: HeaderList = fields.flat();

/** How many entries the static table has. The dynamic table's indices start after it (RFC 7541, section 2.3.3). */
export const staticEntries = fields.length;

interface StaticName {
  /** The index of the first entry with this name. */
  readonly index: number;
  /** The indices of the entries with this name, by value. */
  readonly values: Map<string, number>;
}

const names = new Map<string, StaticName>();
for (const [at, [name, value]] of fields.entries()) {
  const known = names.get(name) ?? { index: at + 1, values: new Map<string, number>() };
  known.values.set(value, at + 1);
  names.set(name, known);
}

/** Finds the index of a field. 0 where there is none. */
export function findStatic(name: string, value: string): number {
  return names.get(name)?.values.get(value) ?? 0;
}

/** Finds the index of a field with this name. 0 where there is none. */
export function findStaticName(name: string): number {
  return names.get(name)?.index ?? 0;
}
