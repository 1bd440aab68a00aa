import { appendFile } from "node:fs/promises";
import { InterlockError } from "@interlock/bot";
import type { OfferedMethod } from "@interlock/mcp";
import { Command, InvalidArgumentError } from "commander";
import { notGenerated, readManifest } from "../call/read-manifest.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";

interface Options {
  readonly name?: string;
  readonly dir?: string;
  readonly delegation?: string;
  readonly manifest: string;
  readonly address?: Readonly<Record<string, string>>;
  readonly receipts?: string;
}

/** `interlock mcp`: offers the methods that a bot may call to a language model, over standard input and output. */
export function mcpCommand(output: Output): Command {
  return new Command("mcp")
    .description(
      "Offer the methods that a bot may call as tools of the Model Context Protocol, over standard input and output.",
    )
    .option("--name <name>", "the bot as which tools are called, for example agent/7. Default: this project's operator")
    .option("--dir <folder>", "the folder of that bot's identity, if it is not in this project")
    .option("--delegation <id>", "the delegation under which it calls. Default: its own grants")
    .option("--manifest <file>", "the policies, as interlock generate wrote them", "src/gen/interlock.manifest.json")
    .option("--address <service=host:port>", "where a service is served. Default: the directory is asked", parsePlace)
    .option("--receipts <file>", "append the receipt of each call to this file, one a line")
    .addHelpText(
      "after",
      "\nA client of MCP starts it. Nothing is decided here: the authority gives tokens, and the bots admit the calls.\n\n" +
        "Example:\n  interlock mcp --name agent/7 --delegation dlg-Kx0… --receipts receipts.jsonl",
    )
    .action(({ name, dir, ...options }: Options) =>
      asMember(
        async ({ bot, authority }) => {
          const { createMcpServer, serveStdio } = await import("@interlock/mcp");
          const { receipts, delegation } = options;
          let writing = Promise.resolve();
          const server = createMcpServer({
            bot,
            authority,
            methods: await methodsOf(options),
            delegation,
            ...(receipts !== undefined && {
              onReceipt(receipt: string) {
                writing = writing
                  .then(() => appendFile(receipts, `${receipt}\n`))
                  .catch((error) => output.progress(`the receipt was not written: ${String(error)}`));
              },
            }),
          });
          const stopping = new AbortController();
          for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
          await serveStdio(server, stopping.signal);
          await writing;
        },
        { name, dir },
      ),
    );
}

async function methodsOf({ manifest, address = {} }: Options): Promise<OfferedMethod[]> {
  const { openDescribedForms } = await import("../call/described-forms.js");
  const { services } = await readManifest(manifest);
  const formsOf = await openDescribedForms(manifest);
  if (!formsOf)
    throw new InterlockError("FAILED_PRECONDITION", `There are no descriptors beside ${manifest}: ${notGenerated}.`);
  return services.flatMap((service) =>
    service.methods.map((described) => {
      const { name, path, kind, policy, idempotency } = described;
      const { read, write, input, request, response } = formsOf(described);
      const method = { path, kind, policy, request, response };
      const { servedBy, via } = service;
      return {
        service: { name: service.name, servedBy, ...(via && { via }), methods: { [name]: method } },
        key: name,
        method,
        idempotency,
        input,
        address: address[service.name] ?? address[service.name.slice(service.name.lastIndexOf(".") + 1)],
        read: (json) => read(json) as Uint8Array,
        write,
      } satisfies OfferedMethod;
    }),
  );
}

function parsePlace(text: string, earlier: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [service = "", address = ""] = text.split("=");
  if (!service || !address) throw new InvalidArgumentError("Write it as GripperService=host:port.");
  return { ...earlier, [service]: address };
}
