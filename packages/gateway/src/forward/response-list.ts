import { type DecodedBlock, type HeaderList, readOnce } from "@interlock/wire";

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
}

interface ReadList extends ResponseList {
  /** Whether it has been given. */
  isGiven: boolean;
}

/** Reads a header list of an answer, and says whether the same object has been given before. */
export function responseListOf(block: DecodedBlock): ResponseList & { readonly recurs: boolean } {
  const list = readOnce(block, read);
  const { headers, own, isGiven: recurs } = list;
  list.isGiven = true;
  return { headers, own, recurs };
}

function read(headers: HeaderList): ReadList {
  const [kept, own]: [string[], string[]] = [[], []];
  for (let i = 0; i < headers.length; i += 2) {
    const list = ofConnection.has(headers[i] as string) ? own : kept;
    list.push(headers[i] as string, headers[i + 1] as string);
  }
  return { headers: own.length > 0 ? kept : headers, own, isGiven: false };
}
