import { readFile } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";
import { writePrivateFile } from "@interlock/bot/internal";
import type { CaAuthority } from "@interlock/bot/protocol";
import { Command } from "commander";
import { readPassphrase } from "../key-file.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { authorityDir } from "../state.js";
import { parseCount, storeUrl } from "./options.js";

interface Which {
  readonly force?: boolean;
}

/** `interlock ca`: what signs certificates. */
export function caCommand(output: Output): Command {
  const ca = new Command("ca").description("The CA: a root that can be taken away, and an intermediate that signs.");

  ca.command("show")
    .description("Show the roots, how they stand, and what has to be done.")
    .addHelpText("after", "\nExample:\n  interlock ca show")
    .action(() =>
      asMember(async ({ admin }) => {
        const { cas } = await admin.listCas({});
        output.result({ ok: true, cas: cas.map(toPlain) }, () => {
          output.table(
            ["CA", "STATE", "ROOT UNTIL", "ROOT KEY", "INTERMEDIATE UNTIL", "CERTIFICATES"],
            cas.map((one) => [
              short(one.id),
              one.state,
              day(one.notAfter),
              one.rootKey || "away",
              one.intermediateNotAfter ? day(one.intermediateNotAfter) : "signs itself",
              String(one.validLeaves),
            ]),
          );
          for (const warning of cas.flatMap(({ warnings }) => warnings))
            output.line(`${paint("yellow", "!")} ${warning}`);
          const here = cas.find(({ state, rootKey }) => state === "active" && rootKey !== "");
          if (here) output.line(`To take the root's key away: interlock ca export-root --out <file>`);
        });
      }),
    );

  ca.command("prepare")
    .description("Make a new root and intermediate, and tell every bot of the root. Nothing is signed below it yet.")
    .addHelpText("after", "\nExample:\n  interlock ca prepare")
    .action(() => change(output, "prepared", (admin) => admin.prepareCa({})));

  ca.command("activate")
    .description("Sign below the prepared root from now on; bots renew by themselves, one after another.")
    .argument("[id]", "which one, where several are prepared")
    .option("--force", "even where bots may not have heard of it, and will refuse those that renew")
    .addHelpText("after", "\nExample:\n  interlock ca activate")
    .action((id = "", { force = false }: Which) =>
      change(output, "activated", (admin) => admin.activateCa({ id, force })),
    );

  ca.command("withdraw")
    .description("Trust the old root no longer, once no valid certificate is below it.")
    .argument("[id]", "which one, where several are retiring")
    .option("--force", "even where there are: it has leaked. Bots below it are cut off, and have to join again")
    .addHelpText("after", "\nExample:\n  interlock ca withdraw")
    .action((id = "", { force = false }: Which) =>
      change(output, "withdrawn", (admin) => admin.withdrawCa({ id, force })),
    );

  ca.command("export-root")
    .description(
      "Take the root's private key out of the authority's folder on this machine, into a file to keep elsewhere.",
    )
    .argument("[id]", "of which root; the active one unless said")
    .requiredOption("--out <file>", "where to write key and certificate, encrypted as the authority's own keys are")
    .option("--store <url>", "take it out of this PostgreSQL database instead; or set INTERLOCK_STORE")
    .option("--key-file <file>", "the key file that `interlock up` was given; or set INTERLOCK_KEY_PASSPHRASE")
    .addHelpText("after", "\nExample:\n  interlock ca export-root --out /media/stick/root.pem")
    .action((id = "", { out, store, keyFile }: ExportOptions) =>
      asMember(async ({ admin }) => {
        const { cas } = await admin.listCas({});
        const one = cas.find((found) => (id === "" ? found.state === "active" : found.id.startsWith(id)));
        if (!one) throw notFound(`There is no CA "${id}": see "interlock ca show".`);
        if (one.rootKey === "") throw notFound(`The key of the root ${short(one.id)} is away already.`);
        const { moveRootKey } = await import("@interlock/authority");
        const url = storeUrl(store);
        const where = url === undefined ? { dataDir: authorityDir } : { store: url };
        await moveRootKey({ ...where, name: one.rootKey, out, ...(await readPassphrase(keyFile)) });
        output.result({ ok: true, id: one.id, out }, () => {
          output.line(`${paint("green", "moved")} the key of the root ${short(one.id)} to ${out}`);
          output.line(
            "Keep it under that name where nobody gets at it, and a copy elsewhere. The authority goes on without it; before the",
          );
          output.line('intermediate runs out, `interlock ca show` warns: then "ca csr", "ca sign" there, "ca import".');
        });
      }),
    );

  ca.command("csr")
    .description(
      "Ask for an intermediate: a key is made, which stays with the authority, and a request to have it signed.",
    )
    .requiredOption("--out <file>", "where to write the request")
    .addHelpText("after", "\nExample:\n  interlock ca csr --out intermediate.csr")
    .action(({ out }: { out: string }) =>
      asMember(async ({ admin }) => {
        const { csr } = await admin.requestIntermediate({});
        await writePrivateFile(out, csr);
        output.result({ ok: true, out }, () => output.line(`Sign ${out} where the root is: interlock ca sign`));
      }),
    );

  ca.command("sign")
    .description("Sign the request for an intermediate with a root. Needs no authority, and no network.")
    .requiredOption("--root <file>", "what `interlock ca export-root` wrote")
    .requiredOption("--csr <file>", "what `interlock ca csr` wrote")
    .requiredOption("--out <file>", "where to write the chain to import")
    .option("--days <n>", "how long it is valid", parseCount, 90)
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
      "Sign with an intermediate that was signed elsewhere. One of another root is prepared first, as a new CA is.",
    )
    .argument("<chain>", "PEM: the intermediate, then its issuers; a root that is known may be left out")
    .option("--key <file>", "its private key (PKCS #8, PEM), where it is not from `interlock ca csr`")
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
  prepared: "Once every bot has heard of it, within a minute: interlock ca activate",
  active: "Bots renew by themselves. When the old certificates have run out: interlock ca withdraw",
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
    throw new InterlockError("NOT_FOUND", `${path} cannot be read: name a file that is there.`, { cause });
  });
}

function notFound(message: string): InterlockError {
  return new InterlockError("NOT_FOUND", message);
}
