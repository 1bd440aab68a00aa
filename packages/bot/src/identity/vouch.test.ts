import assert from "node:assert/strict";
import { vouchFor } from "./vouch.js";

describe("vouchFor", () => {
  const bond = { voucher: "v", client: "c", server: "s" };

  it("is the same at both ends, and another where anything in between is another", () => {
    assert.equal(vouchFor(bond), vouchFor({ ...bond }));
    const others = [{ voucher: "w" }, { client: "m" }, { server: "m" }].map((other) => vouchFor({ ...bond, ...other }));
    assert.equal(new Set([vouchFor(bond), ...others]).size, 4);
  });
});
