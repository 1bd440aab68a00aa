import type { PageKey, PageRequest } from "../store/page.js";
import { invalid } from "./invalid.js";

/**
 * The maximum size of the records in one page, in bytes: a quarter of what a message may hold. A larger record is a page
 * by itself.
 */
export const maximumPageBytes = 1_048_576;

/** The maximum number of records in one page, so that one request keeps the store busy for milliseconds only. */
export const maximumPageRecords = 2_000;

/** One page of a listing. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** The `page_token` of the next page; empty when this is the last one. */
  readonly nextPageToken: string;
}

/** What the records of a listing are ordered by, and how they are shown. */
export interface Listing<Row, Item> {
  /** An example of the key, which tells the types of its values. */
  readonly key: PageKey;
  keyOf(row: Row): PageKey;
  /** Converts a row to its form on the wire; `undefined` leaves it out. */
  toItem(row: Row): Item | undefined;
  /** The maximum number of records in one page, where one may be large: that many are in memory. Default: 2,000. */
  readonly most?: number;
}

/**
 * Reads one page of a listing: at least one record, and as many as fit into 1 MiB. Rejects with `INVALID_ARGUMENT` for a
 * `page_token` that is not of this listing.
 */
export async function readPage<Row, Item>(
  pageToken: string,
  list: (request: PageRequest) => Promise<readonly Row[]>,
  { key, keyOf, toItem, most = maximumPageRecords }: Listing<NoInfer<Row>, Item>,
): Promise<Page<Item>> {
  const after = pageToken === "" ? undefined : parseToken(pageToken, key);
  const rows = await list({ after, limit: most + 1 });
  const items: Item[] = [];
  let bytes = 0;
  let last: Row | undefined;
  for (const row of rows.slice(0, most)) {
    const item = toItem(row);
    bytes += item === undefined ? 0 : sizeOf(item);
    if (bytes > maximumPageBytes && last !== undefined) return { items, nextPageToken: formatToken(keyOf(last)) };
    if (item !== undefined) items.push(item);
    last = row;
  }
  const isLast = rows.length <= most || last === undefined;
  return { items, nextPageToken: isLast ? "" : formatToken(keyOf(last as Row)) };
}

/** The size of a record as JSON, which is above its size on the wire. */
export function sizeOf(item: unknown): number {
  return Buffer.byteLength(JSON.stringify(item, (_key, value) => (typeof value === "bigint" ? String(value) : value)));
}

function formatToken(key: PageKey): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

/** The maximum length of a page token, in characters: above that of the longest key. */
const maximumTokenLength = 8_192;

function parseToken(token: string, example: PageKey): PageKey {
  let key: unknown;
  try {
    if (token.length <= maximumTokenLength) key = JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {}
  const matches =
    Array.isArray(key) && key.length === example.length && example.every((value, i) => like(value, key[i]));
  if (!matches) throw invalid("The page token is not of this listing: leave it empty for the first page.");
  return key as PageKey;
}

/** Whether a value of a key is of the example's type, and one that a store can hold. */
function like(example: string | number, value: unknown): boolean {
  if (typeof example === "number") return Number.isSafeInteger(value);
  return typeof value === "string" && !value.includes("\0") && !/\p{Cs}/u.test(value);
}
