import { readFile } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";
import { BundleProfile, type Federation } from "@interlock/bot/protocol";
import { Command, Option } from "commander";
import { allPages } from "../all-pages.js";
import { confirm } from "../confirm.js";
import { asMember } from "../operator.js";
import { type Output, paint } from "../output.js";

interface AddOptions {
  readonly endpoint?: string;
  readonly profile: keyof typeof profiles;
  readonly endpointId?: string;
  readonly bundle?: string;
  readonly services: readonly string[];
  readonly identities: readonly string[];
}

const profiles = {
  https_web: BundleProfile.BUNDLE_PROFILE_HTTPS_WEB,
  https_spiffe: BundleProfile.BUNDLE_PROFILE_HTTPS_SPIFFE,
} as const;

/** `interlock federation`: other trust domains of which some bots are believed. */
export function federationCommand(output: Output): Command {
  const federation = new Command("federation").description(
    "Other trust domains: which of their bots are believed, and for which services.",
  );
  federation
    .command("add")
    .description("Believe bots of another trust domain, for some services. Again for one: replaces all but its bundle.")
    .argument("<domain>", "the trust domain, for example partner.example")
    .option("--endpoint <url>", "the https: URL of its bundle. Default: the bundle stays as --bundle gives it")
    .addOption(
      new Option("--profile <profile>", "how the endpoint proves itself")
        .choices(Object.keys(profiles))
        .default("https_spiffe"),
    )
    .option("--endpoint-id <spiffe id>", "the SPIFFE ID of the endpoint, for https_spiffe")
    .option("--bundle <file>", "its bundle as it is now, JSON; needed for the first time with https_spiffe")
    .option("--services <services...>", "the services of this fleet that its bots may call, full names", list, [])
    .option("--identities <patterns...>", "its bots, for example 'spiffe://partner.example/orders/*'", list, [])
    .addHelpText(
      "after",
      "\nIts bots still need to be named by the policy of each method (callers), and a grant. See docs/federation.md.\n\n" +
        "Example:\n  interlock federation add partner.example --endpoint https://authority.partner.example/bundle \\\n" +
        "    --endpoint-id spiffe://partner.example/interlock/authority --bundle partner.json \\\n" +
        "    --services orders.v1.OrderService --identities 'spiffe://partner.example/orders/*'",
    )
    .action((trustDomain: string, options: AddOptions) =>
      asMember(async ({ admin }) => {
        const bundle = options.bundle === undefined ? "" : await readBundle(options.bundle);
        const { endpoint, profile, endpointId = "", services, identities } = options;
        const answer = await admin.addFederation({
          trustDomain,
          ...(endpoint !== undefined && {
            endpoint: { url: endpoint, profile: profiles[profile], spiffeId: endpointId },
          }),
          bundle,
          services: [...services],
          identities: [...identities],
        });
        output.result({ ok: true, changed: answer.changed, federation: shown(answer.federation) }, () => {
          output.line(`${paint("green", answer.changed ? "changed" : "federated")} ${paint("bold", trustDomain)}`);
          if (answer.federation) printOne(output, answer.federation);
        });
      }),
    );
  federation
    .command("list")
    .description(
      "List the trust domains that are believed, with the age of their bundles, and those that were revoked.",
    )
    .addHelpText("after", "\nExample:\n  interlock federation list")
    .action(() =>
      asMember(async ({ admin }) => {
        const all = await allPages(admin.listFederations, (answer) => answer.federations);
        output.result({ ok: true, federations: all.map(shown) }, () => {
          output.table(["DOMAIN", "STATE", "SERVICES", "IDENTITIES", "CAS", "BUNDLE FROM"], all.map(toRow));
        });
      }),
    );
  federation
    .command("show")
    .description("Show one trust domain.")
    .argument("<domain>", "the trust domain")
    .addHelpText("after", "\nExample:\n  interlock federation show partner.example")
    .action((trustDomain: string) =>
      asMember(async ({ admin }) => {
        const all = await allPages(admin.listFederations, (answer) => answer.federations);
        const found = all.find((one) => one.trustDomain === trustDomain);
        if (!found) {
          throw new InterlockError("NOT_FOUND", `"${trustDomain}" is not federated: see "interlock federation list".`);
        }
        output.result({ ok: true, federation: shown(found) }, () => printOne(output, found));
      }),
    );
  federation
    .command("refresh")
    .description("Fetch the bundle of a trust domain now.")
    .argument("<domain>", "the trust domain")
    .addHelpText("after", "\nExample:\n  interlock federation refresh partner.example")
    .action((trustDomain: string) =>
      asMember(async ({ admin }) => {
        const answer = await admin.refreshFederation({ trustDomain });
        output.result({ ok: true, federation: shown(answer.federation) }, () => {
          output.line(`${paint("green", "fetched")} the bundle of ${paint("bold", trustDomain)}`);
          if (answer.federation) printOne(output, answer.federation);
        });
      }),
    );
  federation
    .command("revoke")
    .description("End the trust in a whole domain at once: connections, streams and tokens of its bots.")
    .argument("<domain>", "the trust domain")
    .option("--reason <text>", "why, for the record", "")
    .option("--yes", "do not ask for confirmation; without a terminal the command never asks")
    .addHelpText("after", '\nExample:\n  interlock federation revoke partner.example --reason "their CA has leaked"')
    .action((trustDomain: string, { reason, yes = false }: { reason: string; yes?: boolean }) =>
      asMember(async ({ admin }) => {
        const question = `Shut out every bot of ${trustDomain}, and end calls of this fleet to it?`;
        if (!yes && !output.json && process.stdin.isTTY && !(await confirm(question))) return;
        const answer = await admin.revokeFederation({ trustDomain, reason });
        output.result({ ok: true, federation: shown(answer.federation) }, () => {
          output.line(
            `${paint("red", "revoked")} ${paint("bold", trustDomain)}; to believe it again: interlock federation add`,
          );
        });
      }),
    );
  federation
    .command("bundle")
    .description("Print the bundle of this fleet, a file for the operators of another trust domain.")
    .addHelpText("after", "\nExample:\n  interlock federation bundle > cafe.json")
    .action(() =>
      asMember(async ({ bot }) => {
        const { formatTrustBundle } = await import("@interlock/authority");
        const { caCertificates, version: sequence } = bot.trust.state;
        const json = formatTrustBundle({ caCertificates, sequence });
        output.result(JSON.parse(json), () => output.line(json));
      }),
    );
  return federation;
}

async function readBundle(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause) => {
    throw new InterlockError("NOT_FOUND", `${file} cannot be read: give the bundle of the trust domain as a file.`, {
      cause,
    });
  });
}

/** Adds the value of an option that takes several, joined by commas or apart. */
function list(text: string, before: readonly string[]): string[] {
  return [...before, ...text.split(",").filter((one) => one !== "")];
}

/** The certificates are long, and of no use in a listing: how many there are is said. */
function shown(federation: Federation | undefined): object | undefined {
  if (!federation) return undefined;
  const { caCertificates, endpoint, ...rest } = federation;
  const profile = endpoint && profileName(endpoint.profile);
  return { ...rest, ...(endpoint && { endpoint: { ...endpoint, profile } }), cas: caCertificates.length };
}

function profileName(profile: BundleProfile): string {
  return profile === BundleProfile.BUNDLE_PROFILE_HTTPS_WEB ? "https_web" : "https_spiffe";
}

function stateOf({ revokedAt, failedAt, caCertificates }: Federation): string {
  if (revokedAt) return "revoked";
  if (caCertificates.length === 0) return "no CA";
  return failedAt ? "bundle not fetched" : "in force";
}

function toRow(federation: Federation): string[] {
  const { trustDomain, services, identities, caCertificates, fetchedAt } = federation;
  const from = fetchedAt?.toISOString() ?? "";
  return [
    trustDomain,
    stateOf(federation),
    services.join(" ") || "-",
    identities.join(" "),
    String(caCertificates.length),
    from,
  ];
}

function printOne(output: Output, federation: Federation): void {
  const { endpoint, services, identities, fetchedAt, sequence, failure, caCertificates } = federation;
  const certificates = caCertificates.length === 1 ? "certificate" : "certificates";
  const rows: [string, string][] = [
    ["state", stateOf(federation)],
    ["services", services.join(" ") || "none: its bots call nothing here"],
    ["identities", identities.join(" ")],
    ["bundle", `${caCertificates.length} CA ${certificates}, from ${fetchedAt?.toISOString() ?? "never"}`],
    ["sequence", sequence === undefined ? "none" : String(sequence)],
    ["endpoint", endpoint ? `${endpoint.url} (${profileName(endpoint.profile)})` : "none: give a new bundle as a file"],
    ...(failure === "" ? [] : [["failure", failure] as [string, string]]),
  ];
  output.table(["", ""], rows);
}
