import { generateKeyPairSync } from "node:crypto";
import {
  basicConstraints,
  boolean,
  caExtensions,
  ecKey,
  extendedKeyUsage,
  extension,
  integer,
  keyUsage,
  octets,
  permittedHost,
  rsaKey,
  type SpecimenOptions,
  san,
  sequence,
  specimen,
  svidExtensions,
  text,
  unknownExtension,
  uri,
} from "@interlock/bot/testing";
import { createGroup, refused, taken } from "./group.js";
import { openPeers, root, type Shown } from "./peers.js";

const id = "spiffe://test/caller/1";
const longest = `spiffe://test/${"a/".repeat(1_016)}bc`;
const [clientAuth, serverAuth] = ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"];

/** A leaf below the root. */
const leaf =
  (more: Partial<SpecimenOptions> = {}) =>
  (): Shown => ({
    leaf: specimen({ by: root, extensions: svidExtensions(id), ...more }),
  });
/** A leaf with other extensions, all of them given. */
const withExtensions = (...extensions: readonly Uint8Array[]) => leaf({ extensions });
const withMore = (...more: readonly Uint8Array[]) =>
  leaf({ extensions: svidExtensions(id, keyUsage(7, 0x80), ...more) });
const withUsage = (usage: Uint8Array | "none") => leaf({ extensions: svidExtensions(id, usage) });
const withNames = (...names: readonly Uint8Array[]) => withExtensions(...svidExtensions(id).slice(0, 3), san(...names));
/** A leaf below an intermediate. */
const below =
  (more: Partial<SpecimenOptions> = {}, leafOptions: Partial<SpecimenOptions> = {}, byTls = false) =>
  (): Shown => {
    const between = specimen({ name: "between", by: root, extensions: caExtensions(), ...more });
    return {
      leaf: specimen({ by: between, extensions: svidExtensions(id), ...leafOptions }),
      others: [between],
      byTls,
    };
  };
const belowCa = (ca: Parameters<typeof caExtensions>[0], byTls = false) =>
  below({ extensions: caExtensions(ca) }, {}, byTls);
const dsa = () => generateKeyPairSync("dsa", { modulusLength: 1_024, divisorLength: 160 }).privateKey;
const explicit = () => generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" }).privateKey;

/** Two intermediates, one below the other; the upper one allows so many. */
const belowTwo = (pathLength: number) => (): Shown => {
  const upper = specimen({ name: "upper", by: root, extensions: caExtensions({ pathLength }) });
  const lower = specimen({ name: "lower", by: upper, extensions: caExtensions() });
  return { leaf: specimen({ by: lower, extensions: svidExtensions(id) }), others: [lower, upper] };
};

/** Line 26, and certificates that other suites have as well: shown by a client to a server, and judged without TLS. */
export const certificates = createGroup(
  "certificates",
  [
    ...taken("RFC 5280, 6.1", { "a leaf below the root (the control)": leaf(), "below an intermediate": below() }),
    ...taken("FIPS 186-5, 5 and 6", {
      "P-384": () => leaf({ key: ecKey("P-384") })(),
      "P-521": () => leaf({ key: ecKey("P-521") })(),
      "RSA 2,048": () => leaf({ key: rsaKey(2_048) })(),
      "RSA 3,072 in an intermediate": () => below({ key: rsaKey(3_072) })(),
      "SHA-512": leaf({ hash: "sha512" }),
    }),
    ...taken("RFC 8410, 3", { Ed25519: () => leaf({ key: generateKeyPairSync("ed25519").privateKey })() }),
    ...refused("FIPS 186-5, 5.1", {
      "RSA 1,024": () => leaf({ key: rsaKey(1_024) })(),
      "RSA 2,040": () => leaf({ key: rsaKey(2_040) })(),
      "RSA 1,024 in an intermediate": () => below({ key: rsaKey(1_024) })(),
    }),
    ...refused("FIPS 186-5, 5.4", {
      "RSA with the exponent 3": () => leaf({ key: rsaKey(2_048, 3) })(),
      "RSA with the exponent 3 in an intermediate": () => below({ key: rsaKey(2_048, 3) })(),
    }),
    ...refused("SP 800-186, 3.2; RFC 8446, 4.2.3", {
      "P-192": () => leaf({ key: ecKey("prime192v1") })(),
      "P-192 in an intermediate": () => below({ key: ecKey("prime192v1") })(),
      "P-224 in an intermediate": () => below({ key: ecKey("secp224r1") })(),
      "secp256k1 in an intermediate": () => below({ key: ecKey("secp256k1") })(),
      "brainpoolP256r1 in an intermediate": () => below({ key: ecKey("brainpoolP256r1") })(),
    }),
    ...refused("RFC 5480, 2.1.1", { "a curve that is spelled out": () => leaf({ key: explicit() })() }),
    ...refused("FIPS 186-5, 1 (DSA withdrawn)", {
      DSA: () => leaf({ key: dsa() })(),
      "DSA in an intermediate": () => below({ key: dsa() })(),
    }),
    ...refused("RFC 9155; SP 800-131A, 9", {
      "SHA-1": leaf({ hash: "sha1" }),
      "SHA-1 in an intermediate": below({ hash: "sha1" }),
      "SHA-1 by RSA": () => below({ key: rsaKey(2_048) }, { hash: "sha1" })(),
      "MD5 by RSA": () => below({ key: rsaKey(2_048) }, { hash: "md5" })(),
    }),
    ...taken("X.509-SVID, 4.3", {
      "digitalSignature and keyAgreement": withUsage(keyUsage(3, 0x88)),
      "digitalSignature, not critical": leaf({
        extensions: svidExtensions(id, extension("2.5.29.15", Buffer.of(3, 2, 7, 0x80))),
      }),
    }),
    ...refused("X.509-SVID, 4.3", {
      "keyAgreement alone": withUsage(keyUsage(3, 0x08)),
      "keyEncipherment alone": withUsage(keyUsage(5, 0x20)),
      "no bit at all": withUsage(keyUsage(0)),
      "digitalSignature and keyCertSign": withUsage(keyUsage(2, 0x84)),
      "digitalSignature and cRLSign": withUsage(keyUsage(1, 0x82)),
    }),
    ...taken("RFC 5280, 4.2.1.3", {
      "a leaf without a key usage": withUsage("none"),
      "an intermediate without a key usage": belowCa({ usage: "none" }),
    }),
    ...refused("RFC 5280, 4.2.1.3; 6.1.4 (n)", {
      "an intermediate that may sign data": belowCa({ usage: keyUsage(7, 0x80) }),
      "an intermediate that may sign revocation lists": belowCa({ usage: keyUsage(1, 0x02) }),
    }),
    ...refused("RFC 5280, 6.1.4 (k)", {
      "an intermediate that is no CA": below({ extensions: [basicConstraints(), keyUsage(2, 0x04)] }),
      "an intermediate without basic constraints": below({ extensions: [keyUsage(2, 0x04)] }),
      "an intermediate of version 1": below({ version: 1, extensions: [] }),
      "an intermediate that is a bot's leaf": below({ extensions: svidExtensions("spiffe://test/other") }),
    }),
    ...taken("RFC 5280, 4.2.1.9", {
      "a path length of 0 above a leaf": belowCa({ pathLength: 0 }),
      "a path length of 1 above one CA": belowTwo(1),
    }),
    ...refused("RFC 5280, 4.2.1.9", { "a path length of 0 above one CA": belowTwo(0) }),
    ...refused("RFC 5280, 4.2.1.10; X.509-SVID, 4.2", {
      "name constraints that permit another trust domain": belowCa({ more: [permittedHost("other")] }, true),
    }),
    ...taken("X.509-SVID, 3.2", {
      "a CA of this trust domain": belowCa({ uris: ["spiffe://test"] }),
      "a CA with a URI that is no SPIFFE ID": belowCa({ uris: ["https://ca.example/"] }),
    }),
    ...refused("X.509-SVID, 3.2", {
      "a CA of another trust domain": belowCa({ uris: ["spiffe://other"] }),
      "a CA with a path in its SPIFFE ID": belowCa({ uris: ["spiffe://test/caller"] }),
      "a CA of another trust domain, its scheme in capitals": belowCa({ uris: ["SPIFFE://other"] }),
    }),
    ...refused("RFC 5280, 4.1.2.1", { "version 1": leaf({ version: 1, extensions: [] }) }),
    ...refused("RFC 5280, 4.2", {
      "an extension twice": withMore(basicConstraints()),
      "an unknown extension, critical": withMore(unknownExtension(true)),
      "an unknown extension, critical, in an intermediate": belowCa({ more: [unknownExtension(true)] }),
    }),
    ...taken("RFC 5280, 4.2", {
      "an unknown extension": withMore(unknownExtension(false)),
      "an unknown extension in an intermediate": belowCa({ more: [unknownExtension(false)] }),
    }),
    ...taken("RFC 5280, 4.1.2.2", {
      "serial number 0": leaf({ serial: Buffer.of(0) }),
      "a negative serial number": leaf({ serial: Buffer.of(0x80, 1) }),
      "a serial number of 20 bytes": leaf({ serial: Buffer.alloc(20, 0x41) }),
    }),
    ...taken("RFC 5280, 4.1.2.5", {
      "a GeneralizedTime": leaf({ notAfter: text(0x18, "20980101000000Z") }),
      "no end (99991231235959Z)": leaf({ notAfter: text(0x18, "99991231235959Z") }),
    }),
    ...refused("RFC 5280, 4.1.2.5", {
      expired: leaf({ notAfter: text(0x17, "200101000000Z") }),
      "not valid yet": leaf({ notBefore: text(0x18, "20980101000000Z"), notAfter: text(0x18, "20990101000000Z") }),
      "an intermediate that has expired": below({ notAfter: text(0x17, "200101000000Z") }),
      "a GeneralizedTime with a fraction": leaf({ notAfter: text(0x18, "20980101000000.5Z") }),
      "a GeneralizedTime in another zone": leaf({ notAfter: text(0x18, "20980101000000+0100") }),
    }),
    ...refused("X.690, 10.1 and 11.1", {
      "basic constraints with a BOOLEAN of two bytes": withExtensions(
        basicConstraints(Buffer.of(1, 2, 0, 0)),
        ...svidExtensions(id).slice(1),
      ),
      "basic constraints with a negative path length": withExtensions(
        basicConstraints(boolean(0), integer(0x80)),
        ...svidExtensions(id).slice(1),
      ),
    }),
    ...refused("RFC 5280, 4.2.1.12; X.509-SVID, 4.4", {
      "serverAuth alone": withExtensions(
        basicConstraints(),
        keyUsage(7, 0x80),
        extendedKeyUsage(serverAuth),
        san(uri(id)),
      ),
      anyExtendedKeyUsage: withExtensions(
        basicConstraints(),
        keyUsage(7, 0x80),
        extendedKeyUsage("2.5.29.37.0"),
        san(uri(id)),
      ),
    }),
    ...taken("RFC 5280, 4.2.1.12", {
      "clientAuth and another usage": withExtensions(
        basicConstraints(),
        keyUsage(7, 0x80),
        extendedKeyUsage(clientAuth, "1.3.6.1.5.5.7.3.4"),
        san(uri(id)),
      ),
    }),
    ...taken("X.509-SVID, 2", { "a DNS name beside the SPIFFE ID": withNames(text(0x82, "caller.example"), uri(id)) }),
    ...refused("X.509-SVID, 2", {
      "two SPIFFE IDs": withNames(uri(id), uri("spiffe://test/b")),
      "a SPIFFE ID and another URI": withNames(uri(id), uri("https://test")),
      "no name": withNames(),
      "names that are no sequence": withExtensions(...svidExtensions(id).slice(0, 3), extension("2.5.29.17", octets())),
      "an empty sequence": withExtensions(...svidExtensions(id).slice(0, 3), extension("2.5.29.17", sequence())),
    }),
    ...taken("SPIFFE ID, 2.3", { "a SPIFFE ID of 2,048 bytes": withNames(uri(longest)) }),
    ...refused("SPIFFE ID, 2.3", { "a SPIFFE ID of 2,049 bytes": withNames(uri(`${longest}b`)) }),
  ],
  openPeers,
);
