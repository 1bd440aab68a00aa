import type { Metadata } from "@grpc/grpc-js";
import { type Encoding, type HeaderList, metadataNameFault, offeredEncodings } from "@interlock/wire";

/** The lists that are kept, of all methods. */
const maximumKept = 256;

/**
 * Makes the header lists of requests (PROTOCOL-HTTP2, "Requests"). Calls of one method in a row mostly have the same one, which is
 * then the same object, whose encoding is kept.
 */
export class RequestHeaders {
  /** Whether the list that was given last is the same object as one before. */
  isRecurring = false;
  readonly #kept = new Map<string, HeaderList>();
  readonly #userAgent: string;

  constructor(userAgent: string) {
    this.#userAgent = userAgent;
  }

  /**
   * @param timeout - The value of `grpc-timeout`; empty for none.
   */
  of(path: string, authority: string, timeout: string, encoding: Encoding, metadata: Metadata): HeaderList {
    const fields = metadata.toHttp2Headers() as Fields;
    const key = `${timeout} ${path}`;
    const kept = this.#kept.get(key);
    this.isRecurring = kept !== undefined && kept[5] === authority && isOf(kept, encoding, fields);
    if (this.isRecurring) return kept as HeaderList;
    const list = [
      ...[":method", "POST", ":scheme", "https", ":authority", authority, ":path", path],
      ...["te", "trailers", "content-type", "application/grpc", "user-agent", this.#userAgent],
      ...["grpc-accept-encoding", offeredEncodings],
    ];
    if (encoding !== "identity") list.push("grpc-encoding", encoding);
    if (timeout !== "") list.push("grpc-timeout", timeout);
    for (const name in fields) add(list, name, fields[name]);
    if (this.#kept.size >= maximumKept) this.#kept.clear();
    this.#kept.set(key, list);
    return list;
  }
}

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The length of what each list begins with. */
const headLength = 16;

/** Whether a list that is kept, with the same path and timeout, is that of a request with these fields. */
function isOf(list: HeaderList, encoding: string, fields: Fields): boolean {
  let at = headLength;
  if ((list[at] === "grpc-encoding" ? list[at + 1] : "identity") !== encoding) return false;
  if (encoding !== "identity") at += 2;
  if (list[at] === "grpc-timeout") at += 2;
  for (const name in fields) {
    if (list[at] !== name || list[at + 1] !== fields[name]) return false;
    at += 2;
  }
  return at === list.length;
}

function add(list: string[], name: string, value: string | readonly string[] | undefined): void {
  // What gRPC or HTTP/2 sets itself, as in grpc-js, whatever the caller has put there.
  if (value === undefined || metadataNameFault(name) === "reserved") return;
  if (typeof value === "string") list.push(name, value.trim());
  else for (const one of value) list.push(name, one.trim());
}
