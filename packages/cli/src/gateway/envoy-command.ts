import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InterlockError } from "@interlock/bot";
import { createIdentityFolder, createTrustFolder } from "@interlock/bot/internal";
import type { EnvoyOptions, TokenKeys } from "@interlock/gateway";
import { Command, InvalidArgumentError } from "commander";
import { parseCount } from "../commands/options.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { type DoorOptions, doorFolders, doorServices, withDoor } from "./door-options.js";

interface Options extends DoorOptions {
  readonly out: string;
  readonly upstream: Readonly<Record<string, readonly string[]>>;
  readonly listen: string;
  readonly authz: string;
  readonly issuer?: string;
  readonly jwks?: string;
  readonly jwksCa?: string;
  readonly inlineKeys?: boolean;
  readonly logPercent?: number;
}

/** `interlock gateway envoy`: writes a configuration of Envoy. */
export function gatewayEnvoyCommand(output: Output): Command {
  return withDoor(new Command("envoy"))
    .description("Write a whole configuration of Envoy from the policies: what they do not name does not pass.")
    .requiredOption(
      "--upstream <service=host:port,…>",
      "where a service is; may be given several times. A service without it is left out",
      parseUpstream,
    )
    .requiredOption("--out <folder>", "the folder to write envoy.yaml into")
    .option("--listen <host:port>", "the address for callers", "127.0.0.1:8443")
    .option("--authz <host:port>", "the address of `interlock gateway authz`, as Envoy reaches it", "127.0.0.1:9443")
    .option("--issuer <issuer>", "the iss of tokens. Default: the one that the bot knows")
    .option("--jwks <url>", "where the authority serves its token keys. Default: /jwks of an issuer that is a URL")
    .option("--jwks-ca <file>", "the CA of that URL's certificate, PEM. Default: the fleet's")
    .option("--inline-keys", "write the token keys into the file; it has to be written anew when they are rotated")
    .option(
      "--log-percent <number>",
      "how many of a hundred good calls are logged; all others are. Default: 100",
      parseCount,
    )
    .addHelpText(
      "after",
      "\nExample:\n  interlock gateway envoy --name gateway/1 --upstream cafe.gripper.v1.GripperService=10.0.0.5:50051 --listen 0.0.0.0:8443 --out door",
    )
    .action(async (options: Options) => {
      const services = await doorServices(options);
      const configured = await configure(options);
      const { envoyConfiguration } = await import("@interlock/gateway");
      const text = envoyConfiguration(services, configured);
      const file = join(options.out, "envoy.yaml");
      await mkdir(options.out, { recursive: true });
      await writeFile(file, text);
      const passes = services.filter(({ name }) => Object.hasOwn(options.upstream, name));
      const leftOut = services.filter((service) => !passes.includes(service)).map(({ name }) => name);
      const { trustDomain, issuer, secrets, listen, authorization, keys } = configured;
      const told = {
        file,
        trustDomain,
        issuer,
        listen,
        authorization,
        secrets,
        keys: "url" in keys ? keys.url : "inline",
      };
      const rows = passes.map(({ name, methods }) => ({
        name,
        methods: methods.length,
        upstreams: options.upstream[name],
      }));
      output.result({ ok: true, ...told, services: rows, leftOut }, () => {
        output.line(`${paint("green", "wrote")} ${paint("bold", file)}, for callers at ${listen}`);
        output.table(
          ["SERVICE", "METHODS", "UPSTREAMS"],
          rows.map(({ name, methods, upstreams = [] }) => [name, String(methods), upstreams.join(", ")]),
        );
        if (leftOut.length > 0) output.line(`Not passed, because they have no --upstream: ${leftOut.join(", ")}.`);
        if ("jwks" in keys) output.line("The token keys are in the file: write it again when they are rotated.");
        output.line(`Grant ${options.name} token:exchange at each of them, run "interlock gateway authz", then Envoy.`);
      });
    });
}

/** Fills in what the bot knows of its fleet. */
async function configure(options: Options): Promise<EnvoyOptions> {
  const { dir, secrets } = doorFolders(options);
  const [trust, identity] = await Promise.all([createTrustFolder(dir).load(), createIdentityFolder(dir).load()]);
  if (!trust || !identity) {
    const remedy = `run "interlock join --name ${options.name}" first`;
    throw new InterlockError("FAILED_PRECONDITION", `There is no ${options.name} in ${dir}: ${remedy}.`);
  }
  const { trustDomain, jwks } = trust.state;
  const { issuer = trust.state.issuer } = options;
  const { notBefore, notAfter } = identity.leaf;
  return {
    trustDomain,
    name: identity.spiffeId.name,
    listen: options.listen,
    upstreams: options.upstream,
    issuer,
    keys: keysOf(options, issuer, jwks as { readonly keys: readonly object[] }),
    secrets,
    authorization: options.authz,
    certificateTtlMs: notAfter - notBefore,
    accessLogPercent: options.logPercent,
  };
}

function keysOf(options: Options, issuer: string, jwks: { readonly keys: readonly object[] }): TokenKeys {
  const url = options.jwks ?? (issuer.startsWith("https://") ? `${issuer}/jwks` : undefined);
  return options.inlineKeys || url === undefined ? { jwks } : { url, caFile: options.jwksCa };
}

/** Reads one more service with its addresses. */
function parseUpstream(text: string, before: Options["upstream"] = {}): Options["upstream"] {
  const [, service = "", list = ""] = /^([\w.]+)=(.+)$/.exec(text) ?? [];
  if (service === "")
    throw new InvalidArgumentError("Write package.Service=host:port, and further addresses after commas.");
  return { ...before, [service]: [...(before[service] ?? []), ...list.split(",").map((address) => address.trim())] };
}
