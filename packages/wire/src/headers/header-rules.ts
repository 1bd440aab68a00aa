import type { HeaderList } from "../header-list.js";

/** What a header list is: the beginning of a request or of a response, or what follows its content. */
export type HeaderRole = "request" | "response" | "trailers";

/** Names that belong to HTTP/1.1 (RFC 9113, section 8.2.2). */
const ofConnections = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

const nameForm = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const wrongValue = /[\0\r\n]|^[ \t]|[ \t]$/;

const colon = ":".charCodeAt(0);

/**
 * Whether a header list is malformed (RFC 9113, sections 8.2 and 8.3): names and values of the wrong form, fields of the
 * connection, pseudo-header fields that are unknown, twice, missing or late.
 */
export function isMalformed(headers: HeaderList, role: HeaderRole): boolean {
  let pseudo = 0;
  let regular = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (wrongValue.test(value)) return true;
    if (name.charCodeAt(0) === colon) {
      const bit = pseudoBits[role][name];
      if (regular || bit === undefined || (pseudo & bit) !== 0 || !pseudoForm[bit]?.test(value)) return true;
      pseudo |= bit;
      continue;
    }
    regular = true;
    if (!nameForm.test(name) || ofConnections.has(name) || (name === "te" && value !== "trailers")) return true;
  }
  return (pseudo & needed[role]) !== needed[role];
}

const [method, scheme, path, authority, status] = [1, 2, 4, 8, 16] as const;

/** The values of pseudo-header fields (RFC 9113, section 8.3): no user in an authority, and no 101, which HTTP/2 does not have. */
const pseudoForm: Readonly<Record<number, RegExp>> = {
  [method]: /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/,
  [scheme]: /^[A-Za-z][A-Za-z0-9+\-.]*$/,
  [path]: /./,
  [authority]: /^[^@]*$/,
  [status]: /^(?!101)\d{3}$/,
};

const pseudoBits: Readonly<Record<HeaderRole, Readonly<Record<string, number>>>> = {
  request: { ":method": method, ":scheme": scheme, ":path": path, ":authority": authority },
  response: { ":status": status },
  trailers: {},
};

const needed: Readonly<Record<HeaderRole, number>> = { request: method | scheme | path, response: status, trailers: 0 };

/** The value of `content-length`; -1 where there is none, and `undefined` where it is no length, or there are several. */
export function contentLengthOf(headers: HeaderList): number | undefined {
  let length = -1;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== "content-length") continue;
    const value = headers[i + 1] as string;
    if (length >= 0 || !/^\d{1,15}$/.test(value)) return undefined;
    length = Number(value);
  }
  return length;
}

/** Whether a response is an interim one (RFC 9110, section 15.2). */
export function isInformational(headers: HeaderList): boolean {
  return headers[0] === ":status" && headers[1]?.length === 3 && headers[1].startsWith("1");
}
