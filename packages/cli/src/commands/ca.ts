import { readFile } from "node:fs/promises";
import { certificatesToPem, InterlockError } from "@interlock/bot";
import { writePrivateFile } from "@interlock/bot/internal";
import type { CaAuthority } from "@interlock/bot/protocol";
import { Command } from "commander";
import { readPassphrase } from "../key-file.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { authorityDir } from "../state.js";
import { parseCount, storeUrl } from "./options.js";

/** Options of `activate` and `withdraw`. */
interface Which {
  readonly force?: boolean;
}

/** `interlock ca`: the CA that signs certificates. */
export function caCommand(output: Output): Command {
  const ca = new Command("ca").description(
    "The CA: a root, whose key can be kept offline, and an intermediate that signs.",
  );

  ca.command("show")
    .description("Show the roots, their states, and the actions that they need.")
    .option("--pem", "print their certificates instead, for bots that join by a ServiceAccount")
    .addHelpText("after", "\nExample:\n  interlock ca show")
    .action(({ pem = false }: { readonly pem?: boolean }) =>
      asMember(async ({ admin }) => {
        const { cas } = await admin.listCas({});
        if (pem) {
          const text = certificatesToPem(cas.map(({ certificate }) => certificate));
          return output.result({ ok: true, pem: text }, () => output.line(text.trimEnd()));
        }
        output.result({ ok: true, cas: cas.map(toPlain) }, () => {
          output.table(
            ["CA", "STATE", "ROOT UNTIL", "ROOT KEY", "INTERMEDIATE UNTIL", "CERTIFICATES"],
            cas.map((one) => [
              short(one.id),
              one.state,
              day(one.notAfter),
              one.rootKey || "offline",
              one.intermediateNotAfter ? day(one.intermediateNotAfter) : "root signs",
              String(one.validLeaves),
            ]),
          );
          for (const warning of cas.flatMap(({ warnings }) => warnings))
            output.line(`${paint("yellow", "!")} ${warning}`);
          const here = cas.find(({ state, rootKey }) => state === "active" && rootKey !== "");
          if (here) output.line(`To take the root key offline: interlock ca export-root --out <file>`);
        });
      }),
    );

  ca.command("prepare")
    .description("Create a new root and intermediate, and send the root to every bot. Nothing is signed below it yet.")
    .addHelpText("after", "\nExample:\n  interlock ca prepare")
    .action(() => change(output, "prepared", (admin) => admin.prepareCa({})));

  ca.command("activate")
    .description("Sign below the prepared root from now on. Bots renew automatically, one after another.")
    .argument("[id]", "the root, if several are prepared")
    .option("--force", "activate even if some bots do not have the root yet and will refuse renewed bots")
    .addHelpText("after", "\nExample:\n  interlock ca activate")
    .action((id = "", { force = false }: Which) =>
      change(output, "activated", (admin) => admin.activateCa({ id, force })),
    );

  ca.command("withdraw")
    .description("End the trust in the old root, once no valid certificate is below it.")
    .argument("[id]", "the root, if several are retiring")
    .option("--force", "withdraw a leaked root although valid certificates are below it. Those bots must join again")
    .addHelpText("after", "\nExample:\n  interlock ca withdraw")
    .action((id = "", { force = false }: Which) =>
      change(output, "withdrawn", (admin) => admin.withdrawCa({ id, force })),
    );

  ca.command("export-root")
    .description("Move the root's private key from the authority's folder on this machine into a file to keep offline.")
    .argument("[id]", "the root. Default: the active one")
    .requiredOption("--out <file>", "the file for key and certificate, encrypted like the authority's own keys")
    .option("--store <url>", "move it from this PostgreSQL database instead; or set INTERLOCK_STORE")
    .option("--key-file <file>", "the key file of `interlock up`; or set INTERLOCK_KEY_PASSPHRASE")
    .addHelpText("after", "\nExample:\n  interlock ca export-root --out /media/stick/root.pem")
    .action((id = "", { out, store, keyFile }: ExportOptions) =>
      asMember(async ({ admin }) => {
        const { cas } = await admin.listCas({});
        const one = cas.find((found) => (id === "" ? found.state === "active" : found.id.startsWith(id)));
        if (!one) throw notFound(`There is no CA "${id}": see "interlock ca show".`);
        if (one.rootKey === "") throw notFound(`The key of the root ${short(one.id)} is already offline.`);
        const { moveRootKey } = await import("@interlock/authority");
        const url = storeUrl(store);
        const where = url === undefined ? { dataDir: authorityDir } : { store: url };
        await moveRootKey({ ...where, name: one.rootKey, out, ...(await readPassphrase(keyFile)) });
        output.result({ ok: true, id: one.id, out }, () => {
          output.line(`${paint("green", "moved")} the key of the root ${short(one.id)} to ${out}`);
          output.line(
            "Keep it offline under that name, with a second copy elsewhere. The authority works without it. Before the",
          );
          output.line(
            'intermediate expires, `interlock ca show` warns: then run "ca csr", "ca sign" with the root, and "ca import".',
          );
        });
      }),
    );

  ca.command("csr")
    .description("Request an intermediate: creates a key, which stays with the authority, and a certificate request.")
    .requiredOption("--out <file>", "the file for the request")
    .addHelpText("after", "\nExample:\n  interlock ca csr --out intermediate.csr")
    .action(({ out }: { out: string }) =>
      asMember(async ({ admin }) => {
        const { csr } = await admin.requestIntermediate({});
        await writePrivateFile(out, csr);
        output.result({ ok: true, out }, () => output.line(`Sign ${out} with the root: interlock ca sign`));
      }),
    );

  ca.command("sign")
    .description("Sign the request for an intermediate with a root. Needs neither an authority nor a network.")
    .requiredOption("--root <file>", "the file that `interlock ca export-root` wrote")
    .requiredOption("--csr <file>", "the file that `interlock ca csr` wrote")
    .requiredOption("--out <file>", "the file for the chain to import")
    .option("--days <n>", "the lifetime in days", parseCount, 90)
    .option("--key-file <file>", "the key file that encrypts the root; or set INTERLOCK_KEY_PASSPHRASE")
    .addHelpText(
      "after",
      "\nExample:\n  interlock ca sign --root root.pem --csr intermediate.csr --out intermediate.pem",
    )
    .action(async ({ root, csr, out, days, keyFile }: SignOptions) => {
      const { readRootKey, signIntermediateRequest } = await import("@interlock/authority");
      const rootPem = await readRootKey({ path: root, ...(await readPassphrase(keyFile)) });
      const requestPem = await readText(csr);
      const ttlMs = days * 24 * 3_600_000;
      const chain = await signIntermediateRequest({ rootPem, requestPem, now: Date.now(), ttlMs });
      await writePrivateFile(out, chain);
      output.result({ ok: true, out }, () =>
        output.line(`${paint("green", "signed")} ${out}: interlock ca import ${out}`),
      );
    });

  ca.command("import")
    .description(
      "Import an intermediate that was signed elsewhere. If its root is new, the root is prepared like a new CA.",
    )
    .argument("<chain>", "PEM: the intermediate, then its issuers; a known root may be omitted")
    .option("--key <file>", "its private key (PKCS #8, PEM), if it is not from `interlock ca csr`")
    .addHelpText("after", "\nExample:\n  interlock ca import intermediate.pem")
    .action(async (file: string, { key }: { key?: string }) => {
      const chain = await readText(file);
      const privateKey = key === undefined ? "" : await readText(key);
      await change(output, "imported", (admin) => admin.importIntermediate({ chain, privateKey }));
    });

  return ca;
}

interface ExportOptions {
  readonly out: string;
  readonly store?: string;
  readonly keyFile?: string;
}

interface SignOptions {
  readonly root: string;
  readonly csr: string;
  readonly out: string;
  readonly days: number;
  readonly keyFile?: string;
}

type Admin = Parameters<Parameters<typeof asMember>[0]>[0]["admin"];

function change(
  output: Output,
  done: string,
  work: (admin: Admin) => Promise<{ id: string; ca?: CaAuthority | undefined }>,
): Promise<void> {
  return asMember(async ({ admin }) => {
    const { id, ca } = await work(admin);
    output.result({ ok: true, id, ...(ca && { ca: toPlain(ca) }) }, () => {
      output.line(`${paint("green", done)} ${short(id)}${ca ? `, ${ca.state}` : ""}`);
      const next = ca && after[ca.state];
      if (next && done !== "imported") output.line(next);
    });
  });
}

const after: Readonly<Record<string, string>> = {
  prepared: "Once every bot has received it, within a minute: interlock ca activate",
  active: "Bots renew automatically. When the old certificates have expired: interlock ca withdraw",
};

function toPlain(ca: CaAuthority): object {
  return { ...ca, certificate: Buffer.from(ca.certificate).toString("base64") };
}

function short(id: string): string {
  return id.slice(0, 16);
}

function day(time: Date | undefined): string {
  return time?.toISOString().slice(0, 10) ?? "";
}

function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause) => {
    throw new InterlockError("NOT_FOUND", `${path} cannot be read: name an existing file.`, { cause });
  });
}

function notFound(message: string): InterlockError {
  return new InterlockError("NOT_FOUND", message);
}
