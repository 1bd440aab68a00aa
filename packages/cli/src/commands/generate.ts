import { Command, Option } from "commander";
import { FaultsError } from "../faults-error.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { readFault } from "../read-fault.js";

interface Options {
  readonly protos: string;
  readonly out: string;
  readonly allowPast?: boolean;
  readonly timestamps: "date" | "message";
}

/** `interlock generate`: generates typed code from proto files. It fails on a method without a policy. */
export function generateCommand(output: Output): Command {
  return new Command("generate")
    .description("Generate typed clients and servers. Fails on a method without a sound access policy.")
    .option("--protos <folder>", "the folder of the proto files", "protos")
    .option("--out <folder>", "the folder for the generated code", "src/gen")
    .option("--allow-past", "also generate methods that are past their sunset")
    .addOption(
      new Option("--timestamps <form>", "date has milliseconds; message is seconds and nanoseconds")
        .choices(["date", "message"])
        .default("date"),
    )
    .addHelpText(
      "after",
      "\nPolicies of proto files that cannot be edited stand in policies.yaml, beside buf.yaml: docs/overlay.md.\n\nExample:\n  interlock generate --protos protos --out src/gen",
    )
    .action(async ({ protos, out, allowPast = false, timestamps }: Options) => {
      const { GenerateError, generate } = await import("protoc-gen-interlock");
      const { files, manifest } = await generate({
        workspace: process.cwd(),
        protos,
        out,
        allowPast,
        timestamps,
      }).catch((error) => {
        if (!(error instanceof GenerateError)) throw error;
        throw new FaultsError(`Nothing was generated:\n${error.message}`, error.faults.map(readFault), error);
      });
      const services = manifest.services.map(({ name, methods }) => ({ name, methods: methods.length }));
      output.result({ ok: true, out, files: files.length, services }, () => {
        output.table(
          ["SERVICE", "METHODS"],
          services.map(({ name, methods }) => [name, String(methods)]),
        );
        output.line(`${paint("green", "generated")} ${files.length} files in ${out}`);
      });
    });
}
