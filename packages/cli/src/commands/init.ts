import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InterlockError } from "@interlock/bot";
import { Command } from "commander";
import { type OurPackages, ourPackages } from "../our-packages.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";

const template = resolve(import.meta.dirname, "../../template");

/** `interlock init`: creates a project that runs and passes its own test without changes. */
export function initCommand(output: Output): Command {
  return new Command("init")
    .description("Create a project with proto files, two bots, grants and a test. It runs without changes.")
    .argument("<folder>", "the new folder; its last part is the project's name")
    .option("--packages <folder>", "take Interlock's own packages from the tarballs in this folder")
    .addHelpText("after", "\nExample:\n  interlock init cafe && cd cafe && npm install && npm test")
    .action(async (folder: string, { packages }: { packages?: string }) => {
      const target = resolve(folder);
      const name = basename(target);
      const packageName = name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "_")
        .replace(/^[^a-z]+|_+$/g, "");
      if (!packageName) {
        throw new InterlockError(
          "INVALID_ARGUMENT",
          `"${name}" cannot be a proto package: choose a name that starts with a letter.`,
        );
      }
      if ((await readdir(target).catch(() => [])).length > 0) {
        throw new InterlockError("ALREADY_EXISTS", `${target} is not empty: choose another folder.`);
      }
      const packageJson = `${JSON.stringify(await manifest(packageName, packages), undefined, 2)}\n`;
      const files = await copyTemplate(target, { "{{name}}": name, __package__: packageName });
      await writeFile(join(target, "package.json"), packageJson);
      output.result({ ok: true, folder: target, files: [...files, "package.json"] }, () => {
        output.line(`${paint("green", "created")} ${target}, with ${files.length + 1} files`);
        output.line(`Next: cd ${folder} && npm install && npm test`);
      });
    });
}

async function copyTemplate(target: string, names: Readonly<Record<string, string>>): Promise<string[]> {
  const fill = (text: string) => Object.entries(names).reduce((t, [from, to]) => t.replaceAll(from, to), text);
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.filter((found) => found.isFile())) {
    const source = join(entry.parentPath, entry.name);
    // npm does not pack a file with the name .gitignore.
    const path = fill(source.slice(template.length + 1)).replace(/^gitignore$/, ".gitignore");
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), fill(await readFile(source, "utf8")));
    files.push(path);
  }
  return files.sort();
}

async function manifest(name: string, packages?: string): Promise<object> {
  const { ours, others } = await ourPackages(packages);
  return {
    name,
    private: true,
    type: "module",
    engines: { node: ">=20.19" },
    scripts: {
      generate: "interlock generate",
      build: "interlock generate && tsc",
      test: "npm run build && mocha 'dist/**/*.test.js'",
    },
    dependencies: {
      "@bufbuild/protobuf": others.protobuf,
      "@interlock/bot": ours.bot,
      "@interlock/policy": ours.policy,
    },
    devDependencies: {
      "@interlock/cli": ours.cli,
      "@interlock/testing": ours.testing,
      ...fromTarballs(ours),
      "@types/mocha": "^10.0.10",
      "@types/node": "^20.19.0",
      mocha: others.mocha,
      "protoc-gen-interlock": ours.generator,
      typescript: others.typescript,
    },
  };
}

/** The dependencies of our own packages: npm takes them from a tarball only when the project names them. */
function fromTarballs({
  bot,
  policy,
  cli,
  testing,
  generator,
  ...others
}: OurPackages["ours"]): Record<string, string> {
  const tarballs = Object.entries(others).filter(([, specifier]) => specifier.startsWith("file:"));
  return Object.fromEntries(tarballs.map(([name, specifier]) => [`@interlock/${name}`, specifier]));
}
