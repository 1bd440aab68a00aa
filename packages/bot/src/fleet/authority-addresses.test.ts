import assert from "node:assert/strict";
import { authorityAddresses } from "./authority-addresses.js";

describe("the addresses of an authority", () => {
  it("are a list, or one text, and are dialed as they can be", () => {
    const expected = ["[::1]:7443", "auth.local:1"];
    assert.deepEqual(authorityAddresses("[::1%lo]:7443, auth.local:1"), expected);
    assert.deepEqual(authorityAddresses(["[::1]:7443", "auth.local:1"]), expected);
  });

  it("are refused with the right form", () => {
    for (const [text, remedy] of [
      ["", /host:port, or several joined by commas/],
      ["a:1,", /host:port, or several joined by commas/],
      ["https://auth.local:7443", /URL is not an address: .* auth\.local:7443/],
      ["[fe80::1%eth0]:7443", /link-local/],
    ] as const) {
      assert.throws(() => authorityAddresses(text), { code: "INVALID_ARGUMENT", message: remedy }, text);
    }
  });
});
