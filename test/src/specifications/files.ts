import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificatesToPem, fromFiles, silentLog, systemClock } from "@interlock/bot";
import {
  caExtensions,
  createTestFleet,
  EchoService,
  ecKey,
  keyUsage,
  permittedHost,
  rsaKey,
  type Specimen,
  type SpecimenOptions,
  serveEcho,
  specimen,
  svidExtensions,
} from "@interlock/bot/testing";
import { createGroup, refused, type Stage, seenOf, taken } from "./group.js";

/** The contents of a bot's files. */
interface Files {
  readonly leaf: Specimen;
  /** The certificates after the leaf in its file. */
  readonly others?: readonly Specimen[];
  readonly roots: readonly Specimen[];
}

const id = "spiffe://test/caller/1";
const ca = (name: string, more: Partial<SpecimenOptions> = {}) =>
  specimen({ name, extensions: caExtensions(), ...more });
const below = (by: Specimen, more: Partial<SpecimenOptions> = {}) =>
  specimen({ by, extensions: svidExtensions(id), ...more });
const root = ca("root");
const between = ca("between", { by: root });
/** Files with this CA as the only root. */
const under =
  (options: Partial<SpecimenOptions>, more: Partial<SpecimenOptions> = {}) =>
  (): Files => {
    const own = ca("own", options);
    return { leaf: below(own, more), roots: [own] };
  };
/** Files with this CA as intermediate. */
const through = (options: Partial<SpecimenOptions>) => (): Files => {
  const own = ca("own", { by: root, ...options });
  return { leaf: below(own), others: [own], roots: [root] };
};
const withLeaf = (more: Partial<SpecimenOptions>) => (): Files => ({ leaf: below(root, more), roots: [root] });

/** Line 24: what `fromFiles` starts on is good on every call, and what is not good is refused at the start. */
export const files = createGroup<Files>(
  "identity files",
  [
    ...taken("RFC 5280, 4.2.1.3", {
      "a root with a key usage (the control)": under({}),
      "a root without a key usage": under({ extensions: caExtensions({ usage: "none" }) }),
      "an intermediate without a key usage": through({ extensions: caExtensions({ usage: "none" }) }),
    }),
    ...refused("RFC 5280, 6.1.4 (n)", {
      "an intermediate that may not sign": through({ extensions: caExtensions({ usage: keyUsage(7, 0x80) }) }),
      "a root that may not sign": under({ extensions: caExtensions({ usage: keyUsage(7, 0x80) }) }),
    }),
    ...taken("X.509-SVID, 3.2", {
      "a root with a URI that names no trust domain": under({
        extensions: caExtensions({ uris: ["https://ca.example"] }),
      }),
      "an intermediate with such a URI": through({ extensions: caExtensions({ uris: ["urn:uuid:0"] }) }),
    }),
    ...refused("X.509-SVID, 3.2", {
      "a root of another trust domain": under({ extensions: caExtensions({ uris: ["spiffe://other"] }) }),
    }),
    ...refused("RFC 5280, 6.1; OpenSSL has whole chains only", {
      "an intermediate given as root": () => ({ leaf: below(between), others: [between], roots: [between] }),
      "the same, and not in the chain": () => ({ leaf: below(between), roots: [between] }),
    }),
    ...taken("RFC 5280, 6.1", {
      "an intermediate beside its root in the CA file": () => ({ leaf: below(between), roots: [between, root] }),
    }),
    ...taken("RFC 8446, 4.4.2", {
      "a chain with its root first": () => ({ leaf: below(between), others: [root, between], roots: [root] }),
    }),
    ...taken("RFC 5280, 6.1 (a root is not proved by its signature)", {
      "a root that signed itself with SHA-1": under({ hash: "sha1" }),
    }),
    ...refused("RFC 9155; SP 800-131A, 9", {
      "a leaf signed with SHA-1": withLeaf({ hash: "sha1" }),
      "an intermediate signed with SHA-1": through({ hash: "sha1" }),
    }),
    ...refused("FIPS 186-5, 5.1", {
      "RSA of 512 bits": () => withLeaf({ key: rsaKey(512) })(),
      "RSA of 1,024 bits": () => withLeaf({ key: rsaKey(1_024) })(),
      "a root with RSA of 1,024 bits": () => under({ key: rsaKey(1_024) })(),
    }),
    ...refused("RFC 8446, 4.2.3", {
      "P-192": () => withLeaf({ key: ecKey("prime192v1") })(),
      "a root on secp256k1, of no use": () => ({
        leaf: below(root),
        roots: [root, ca("odd", { key: ecKey("secp256k1") })],
      }),
    }),
    ...refused("RFC 5280, 4.2.1.9 and 4.2.1.10", {
      "more CAs below a root than it allows": () => {
        const own = ca("own", { extensions: caExtensions({ pathLength: 0 }) });
        const lower = ca("lower", { by: own });
        return { leaf: below(lower), others: [lower], roots: [own] };
      },
      "a name that its CA does not permit": through({ extensions: caExtensions({ more: [permittedHost("other")] }) }),
    }),
    ...refused("X.509-SVID, 4.3", {
      "a leaf for key agreement": withLeaf({ extensions: svidExtensions(id, keyUsage(3, 0x08)) }),
    }),
    ...refused("RFC 5280, 6.1.3 (a)", {
      "a leaf below another root": () => ({ leaf: below(ca("root")), roots: [root] }),
      "the key of another leaf": () => ({
        leaf: { ...below(root), privateKey: below(root).privateKey },
        roots: [root],
      }),
    }),
  ],
  open,
);

async function open(): Promise<Stage<Files>> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-specifications-"));
  const paths = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key"), ca: join(folder, "ca.crt") };
  const pem = (all: readonly Specimen[]) => certificatesToPem(all.map(({ der }) => der));
  const fleet = await createTestFleet();
  const server = await serveEcho(fleet);

  /** Makes a call with the identity: what was started on has to be good. */
  async function call(provided: Awaited<ReturnType<ReturnType<typeof fromFiles>["open"]>>): Promise<void> {
    const { state } = fleet.trust;
    const caCertificates = [fleet.ca.der, ...provided.roots.current()];
    fleet.trust.replace({ ...state, version: state.version + 1n, caCertificates });
    const bot = await fleet.bot("caller/1", undefined, { identity: provided.identity });
    await bot.client(EchoService, server.address).open({}, { timeoutMs: 5_000 });
    await bot.close(0);
  }

  return {
    async see({ leaf, others = [], roots }) {
      await writeFile(paths.ca, pem(roots));
      await writeFile(paths.key, leaf.privateKey, { mode: 0o600 });
      await writeFile(paths.certificate, pem([leaf, ...others]));
      let provided: Awaited<ReturnType<ReturnType<typeof fromFiles>["open"]>> | undefined;
      const seen = await seenOf(async () => {
        provided = await fromFiles(paths).open({ clock: systemClock, log: silentLog });
      });
      if (provided) await call(provided);
      provided?.close();
      return { ...seen, detail: seen.detail.replaceAll(`${folder}/`, "") };
    },
    async close() {
      await server.bot.close(0);
      await rm(folder, { recursive: true });
    },
  };
}
