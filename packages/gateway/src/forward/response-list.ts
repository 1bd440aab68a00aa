import type { DecodedBlock, HeaderList } from "@interlock/wire";

/** What a bot says of the connection to the gateway, which is not the caller's. */
const ofConnection: ReadonlySet<string> = new Set([
  "interlock-voucher",
  "interlock-vouch-accepted",
  "interlock-token-reference-offer",
]);

/** A header list of an answer, as it goes on to the caller. */
export interface ResponseList {
  readonly headers: HeaderList;
  /** What was left out, because it concerns the connection to the bot. */
  readonly own: HeaderList;
  /** Whether the same list has been given before. */
  recurs: boolean;
}

/** Reads a header list of an answer. One that comes again, byte by byte, is read once. */
export function responseListOf(block: DecodedBlock): ResponseList {
  const known = block.memo as ResponseList | undefined;
  if (known) {
    known.recurs = true;
    return known;
  }
  const { headers } = block;
  const [kept, own]: [string[], string[]] = [[], []];
  for (let i = 0; i < headers.length; i += 2) {
    const list = ofConnection.has(headers[i] as string) ? own : kept;
    list.push(headers[i] as string, headers[i + 1] as string);
  }
  const read = { headers: own.length > 0 ? kept : headers, own, recurs: false };
  block.memo = read;
  return read;
}
