import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import type { Deprecation } from "@interlock/policy";
import { deprecationIn, deprecationMetadata } from "./deprecation-metadata.js";

describe("the metadata of a deprecation", () => {
  const rows: readonly (readonly [Deprecation, Record<string, string>])[] = [
    [{}, { deprecation: "@0" }],
    [{ since: "2026-01-01" }, { deprecation: "@1767225600" }],
    [
      { since: "2026-01-01", sunset: "2027-01-01", replacement: "cafe.v2.Gripper/Grip" },
      {
        deprecation: "@1767225600",
        sunset: "Fri, 01 Jan 2027 00:00:00 GMT",
        link: '</cafe.v2.Gripper/Grip>; rel="successor-version"',
      },
    ],
    [
      { since: "2026-01-01", replacement: "cafe.v2.Gripper" },
      { deprecation: "@1767225600", link: '</cafe.v2.Gripper>; rel="successor-version"' },
    ],
  ];
  for (const [deprecation, headers] of rows) {
    it(`has the form of HTTP, and is read again: ${JSON.stringify(headers)}`, () => {
      const metadata = deprecationMetadata(deprecation);
      assert.deepEqual(metadata.getMap(), headers);
      assert.deepEqual(deprecationIn(metadata), deprecation);
    });
  }

  it("links no replacement that is not a name", () => {
    for (const replacement of ["use v2", "a>; rel=x", "é.S/M", "", "a/b/c", `a.${"x".repeat(600)}/M`])
      assert.deepEqual(deprecationMetadata({ replacement }).getMap(), { deprecation: "@0" });
  });

  const read = (headers: Record<string, string>) => {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
    return deprecationIn(metadata);
  };

  it("is none without a date of RFC 9745", () => {
    for (const deprecation of ["", "true", "@", "@x", "@-1", "@1.5", "1767225600", "@1234567890123", " @1"])
      assert.equal(read({ deprecation, sunset: "Fri, 01 Jan 2027 00:00:00 GMT" }), undefined, deprecation);
    assert.equal(read({}), undefined);
  });

  it("is read without what is malformed in it", () => {
    assert.deepEqual(read({ deprecation: "@999999999999", sunset: "soon", link: "</a.B/C>" }), {});
    assert.deepEqual(read({ deprecation: "@1", link: '</a\u0041 "x">; rel="successor-version"' }), {
      since: "1970-01-01",
    });
    const others = '</docs>; rel="help", </a.B/C>; rel="successor-version"';
    assert.deepEqual(read({ deprecation: "@0", link: others }), { replacement: "a.B/C" });
    assert.deepEqual(read({ deprecation: "@0", link: `${" ".repeat(1_024)}</a.B/C>; rel="successor-version"` }), {});
  });
});
