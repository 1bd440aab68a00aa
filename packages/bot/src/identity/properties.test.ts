import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { byteChange, changed } from "../testing/byte-change.js";
import { element } from "../testing/der.js";
import { handMade, leafExtensions, me } from "../testing/hand-made.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { parseCertificate } from "./certificate.js";
import { checkCertificate } from "./check-certificate.js";
import { readDer } from "./der.js";
import { formatJoinToken, parseJoinToken } from "./join-token.js";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

describe("certificates, whatever they are", () => {
  let ca: TestCa;
  let leaf: Uint8Array;

  before(async () => {
    ca = await createTestCa();
    leaf = (await handMade(ca)).chain[0] as Uint8Array;
  });

  /** The identity in it; `undefined` where there is none. Nothing but an `Error` is thrown on the way. */
  function judge(der: Uint8Array): string | undefined {
    try {
      const id = checkCertificate(parseCertificate(der), { peer: "client", trustDomain: "test", now: Date.now() });
      return typeof id === "string" ? undefined : id.uri;
    } catch (error) {
      assert.ok(error instanceof Error);
      return undefined;
    }
  }

  it("random bytes have no identity", () => {
    fc.assert(
      fc.property(bytes(200), (der) => {
        assert.equal(judge(der), undefined);
      }),
    );
  });

  it("a good one with a few bytes changed has no identity, or says to OpenSSL what it says to us", () => {
    fc.assert(
      fc.property(fc.array(byteChange, { minLength: 1, maxLength: 3 }), (changes) => {
        const der = changes.reduce<Uint8Array>(changed, leaf);
        const id = judge(der);
        if (id === undefined) return;
        const openssl = new X509Certificate(der);
        assert.equal(openssl.subjectAltName, `URI:${id}`);
        assert.equal(openssl.ca, false);
        assert.ok(Buffer.from(openssl.raw).equals(der), "OpenSSL has read another certificate");
      }),
      { numRuns: 2_000 },
    );
  });

  it("has an identity exactly when one of its names is a URI, and that is a SPIFFE ID", async () => {
    const name = fc.oneof(
      fc.constantFrom(me, "spiffe://test/a", "spiffe://other/a", "https://test/a", `${me}\0`, "").map((value) => ({
        tag: 0x86,
        content: Buffer.from(value, "latin1"),
      })),
      fc.record({
        tag: fc.constantFrom(0x81, 0x82, 0x86, 0x88),
        content: bytes(12).map((given) => Buffer.from(given)),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 4 }), async (names) => {
        const extensions = leafExtensions(names.map(({ tag, content }) => element(tag, content)));
        const { chain } = await handMade(ca, { extensions });
        const uris = names.filter(({ tag }) => tag === 0x86).map(({ content }) => content.toString("latin1"));
        const expected = uris.length === 1 && (uris[0] === me || uris[0] === "spiffe://test/a") ? uris[0] : undefined;
        assert.equal(judge(chain[0] as Uint8Array), expected);
      }),
      { numRuns: 150 },
    );
  });

  it("DER, as it is checked, is what an encoder makes", () => {
    const tree: fc.Arbitrary<Buffer> = fc.letrec<{ node: Buffer }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        bytes(300).map((content) => element(0x04, content)),
        fc.array(tie("node"), { maxLength: 4 }).map((content) => element(0x30, ...content)),
      ),
    })).node;
    fc.assert(
      fc.property(tree, byteChange, (der, made) => {
        readDer(der);
        for (let end = 0; end < der.length; end += 1 + Math.floor(der.length / 20)) {
          assert.throws(() => readDer(der.subarray(0, end)), Error);
        }
        try {
          readDer(changed(der, made)); // Whatever it says, it says it soon, and as an Error.
        } catch (error) {
          assert.ok(error instanceof Error && !(error instanceof RangeError), String(error));
        }
      }),
    );
  });
});

describe("join tokens, whatever they are", () => {
  const segment = fc.constantFrom("gripper", "1", "a.b", "*", "**");
  const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join("/"));
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const token = fc.record({ trustDomain: fc.constantFrom("cafe", "a.b"), name, caDigest: digest, secret: digest });

  it("come back as they went, if their name can be one", () => {
    fc.assert(
      fc.property(token, (given) => {
        const parsed = parseJoinToken(formatJoinToken(given));
        const inner = given.name.split("/").slice(0, -1).includes("**");
        assert.deepEqual(parsed, inner ? undefined : { ...given });
      }),
    );
  });

  it("are not read when anything in them is another", () => {
    fc.assert(
      fc.property(token, byteChange, (given, made) => {
        const line = formatJoinToken(given);
        const other = changed(Buffer.from(line), made).toString("latin1");
        if (other.trim() !== line) assert.equal(parseJoinToken(other), undefined);
      }),
      { numRuns: 1_000 },
    );
  });

  it("are not read from text at random", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String({ maxLength: 300 })), (line) => {
        assert.equal(parseJoinToken(`ILK1-${line}`), undefined);
        assert.equal(parseJoinToken(line), undefined);
      }),
    );
  });
});
