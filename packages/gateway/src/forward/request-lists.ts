import type { RequestHead } from "@interlock/bot/internal";
import type { HeaderList } from "@interlock/wire";
import { requestList, type Shown } from "./request-list.js";

/** A header list, and whether it is the same object as one before, whose encoding is kept. */
export interface RequestListGiven {
  readonly list: HeaderList;
  readonly recurs: boolean;
}

/** The header lists with which the requests of a method go on. Those that come again, byte by byte, go on as the same object. */
export class RequestLists {
  readonly #kept = new WeakMap<
    RequestHead,
    { readonly authority: string; readonly shown: Shown | undefined; readonly list: HeaderList }
  >();

  /** See {@link requestList}. */
  of(head: RequestHead, authority: string, shown: Shown | undefined, timeout: string | undefined): RequestListGiven {
    const kept = this.#kept.get(head);
    if (kept && timeout === undefined && kept.authority === authority && kept.shown?.value === shown?.value) {
      return { list: kept.list, recurs: true };
    }
    const added = shown ? [shown.name, shown.value] : [];
    const list = requestList(head.headers, { scheme: "https", authority, timeout, added });
    if (timeout === undefined) this.#kept.set(head, { authority, shown, list });
    return { list, recurs: false };
  }
}
