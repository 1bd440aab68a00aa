import { parseSpiffeId } from "@interlock/policy";
import { createGroup, refused, taken } from "./group.js";

const of = (...uris: readonly string[]) => Object.fromEntries(uris.map((uri) => [JSON.stringify(uri), () => uri]));
const domain = "d".repeat(255);
const length = (uri: string, total: number) => uri + "n".repeat(total - uri.length);

/** Line 27: SPIFFE IDs of bots. */
export const names = createGroup(
  "SPIFFE IDs",
  [
    ...taken(
      "SPIFFE ID, 2",
      of("spiffe://cafe/gripper/1", "spiffe://cafe.example-1_x/A.b-c_d/...", "spiffe://1.2.3.4/a"),
    ),
    ...taken("SPIFFE ID, 2.3", {
      "2,048 bytes": () => length("spiffe://cafe/", 2_048),
      "a trust domain of 255 bytes, 2,048 in all": () => length(`spiffe://${domain}/`, 2_048),
    }),
    ...refused("SPIFFE ID, 2.3", {
      "2,049 bytes": () => length("spiffe://cafe/", 2_049),
      "a trust domain of 256 bytes": () => `spiffe://${domain}d/a`,
    }),
    ...refused(
      "SPIFFE ID, 2 (scheme)",
      of("", "SPIFFE://cafe/a", "https://cafe/a", "spiffe:/cafe/a", "spiffe:cafe/a", " spiffe://cafe/a"),
    ),
    ...refused(
      "SPIFFE ID, 2.1 (trust domain)",
      of(
        "spiffe:///a",
        "spiffe://Cafe/a",
        "spiffe://cafe:443/a",
        "spiffe://cafe:/a",
        "spiffe://user@cafe/a",
        "spiffe://caf\u00e9/a",
        "spiffe://%63afe/a",
        "spiffe://[::1]/a",
        "spiffe://*/a",
      ),
    ),
    ...refused(
      "SPIFFE ID, 2.2 (path)",
      of(
        "spiffe://cafe",
        "spiffe://cafe/",
        "spiffe://cafe//a",
        "spiffe://cafe/a/",
        "spiffe://cafe/./a",
        "spiffe://cafe/a/..",
        "spiffe://cafe/%61",
        "spiffe://cafe/a%2Fb",
        "spiffe://cafe/*",
        "spiffe://cafe/a b",
        "spiffe://cafe/a\u0000",
        "spiffe://cafe/a\n",
        "spiffe://cafe/\u0430",
        "spiffe://cafe/a;b",
        "spiffe://cafe/a,b",
        "spiffe://cafe/a:b",
        "spiffe://cafe/a@b",
        "spiffe://cafe\\a",
      ),
    ),
    ...refused(
      "SPIFFE ID, 2 (query and fragment)",
      of(
        "spiffe://cafe/a?b",
        "spiffe://cafe/a?",
        "spiffe://cafe/a#b",
        "spiffe://cafe/a#",
        "spiffe://cafe?a",
        "spiffe://cafe#a",
      ),
    ),
  ],
  async () => ({
    see: async (uri) => ({ verdict: parseSpiffeId(uri) ? "taken" : "refused", detail: "" }),
    close: async () => {},
  }),
);
