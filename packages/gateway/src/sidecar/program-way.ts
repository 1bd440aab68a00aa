import { type Caller, InterlockError } from "@interlock/bot";
import { codeNames, type RequestHead } from "@interlock/bot/internal";
import type { HeaderList } from "@interlock/wire";
import { requestList } from "../forward/request-list.js";
import type { RequestListGiven } from "../forward/request-lists.js";
import { type CallLink, connectionDropped, type TravelingCall, type Way } from "../forward/way.js";
import type { ProgramLink } from "./program-link.js";
import { trustedMetadata } from "./trusted-metadata.js";

/** The header lists of requests, which go on as the same object when they come again, byte by byte, from the same caller. */
const kept = new WeakMap<
  RequestHead,
  { readonly caller: Caller; readonly authority: string; readonly list: HeaderList }
>();

/** The way to the program beside the sidecar, which gets the caller in trusted metadata, and no token. */
export class ProgramWay implements Way {
  readonly #link: ProgramLink;
  readonly #head: RequestHead;
  readonly #caller: Caller;

  constructor(link: ProgramLink, head: RequestHead, caller: Caller) {
    this.#link = link;
    this.#head = head;
    this.#caller = caller;
  }

  begin(call: TravelingCall): void {
    this.#link.submit(call);
  }

  request({ peer: authority }: CallLink, timeout: string | undefined): RequestListGiven {
    const head = this.#head;
    const caller = this.#caller;
    const known = kept.get(head);
    if (known && timeout === undefined && known.caller === caller && known.authority === authority) {
      return { list: known.list, recurs: true };
    }
    const added = trustedMetadata(caller);
    const list = requestList(head.headers, { scheme: "http", authority, timeout, added });
    if (timeout === undefined) kept.set(head, { caller, authority, list });
    return { list, recurs: false };
  }

  learn(): void {}

  explain(code: number, details: string): InterlockError {
    const text = details === connectionDropped ? "The program behind the sidecar has gone." : details;
    return new InterlockError(codeNames[code] ?? "UNKNOWN", text);
  }

  withdraw(call: TravelingCall): void {
    this.#link.withdraw(call);
  }

  leave(): void {}

  end(): void {}
}
