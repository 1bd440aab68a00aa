import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { installedPackages } from "../installed-packages.js";
import { isOffline, npmOk, ownEnvironment } from "../npm.js";
import { root } from "../structure/source-graph.js";
import { dynamicProgram, jestTest, program, proto } from "./program.js";

const documented = readFileSync(join(root, "docs/consumers.md"), "utf8");
const typescript7 = join(root, "node_modules/typescript/bin/tsc");

/** A project of a consumer, with our packages as they would be published. */
interface Project {
  readonly folder: string;
  write(file: string, text: string): Promise<void>;
  /** Runs Node. Returns everything that it printed, and its exit code. */
  node(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<{ code: number; output: string }>;
  /** Compiles `src` into `dist` with these options. Returns what the compiler says. */
  compile(tsc: string, options: object): Promise<string>;
  /** The path of a program of a package that was installed for the matrix. */
  tool(path: string): string;
}

interface Row {
  readonly consumer: string;
  /** The line of docs/consumers.md that a consumer needs; absent where nothing is needed. */
  readonly remedy?: string;
  run(project: Project): Promise<void>;
}

const strict = { target: "es2022", strict: true, types: ["node"], outDir: "dist", rootDir: "src" };

async function works(project: Project, file: string): Promise<void> {
  const { output } = await project.node([file]);
  assert.match(output, /^works: 2$/m);
}

async function compiled(project: Project, tsc: string, options: object, type: "module" | "commonjs", text: string) {
  await project.write("package.json", JSON.stringify({ type }));
  await project.write("src/main.ts", text);
  assert.equal(await project.compile(tsc, options), "");
  await works(project, "dist/main.js");
}

const banner = `import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);`;

const rows: readonly Row[] = [
  {
    consumer: "ES modules, TypeScript 7, module nodenext",
    run: (project) => compiled(project, typescript7, { module: "nodenext" }, "module", program),
  },
  {
    consumer: "ES modules, TypeScript 7, module esnext, moduleResolution bundler",
    run: (project) =>
      compiled(project, typescript7, { module: "esnext", moduleResolution: "bundler" }, "module", program),
  },
  {
    consumer: "ES modules, TypeScript 5.4, module node16",
    remedy: '"skipLibCheck": true',
    async run(project) {
      const tsc = project.tool("typescript/bin/tsc");
      await compiled(project, tsc, { module: "node16", skipLibCheck: true }, "module", program);
    },
  },
  {
    consumer: "CommonJS, TypeScript 7, module nodenext",
    run: (project) => compiled(project, typescript7, { module: "nodenext" }, "commonjs", program),
  },
  {
    consumer: "CommonJS, TypeScript 5.4, module node16",
    remedy: 'await import("@interlock/bot")',
    async run(project) {
      const tsc = project.tool("typescript/bin/tsc");
      const options = { module: "node16", skipLibCheck: true };
      await project.write("package.json", '{ "type": "commonjs" }');
      await project.write("src/main.ts", program);
      const said = await project.compile(tsc, options);
      assert.match(said, /error TS1479/);
      assert.doesNotMatch(said, /src\/gen/, "the generated code compiles in any case");
      await compiled(project, tsc, options, "commonjs", dynamicProgram);
    },
  },
  {
    consumer: "CommonJS, JavaScript with require",
    async run(project) {
      await project.write(
        "main.cjs",
        'const { joinFleet } = require("@interlock/bot");\nconsole.log(typeof joinFleet);\n',
      );
      assert.match((await project.node(["main.cjs"])).output, /^function$/m);
    },
  },
  {
    consumer: "Jest",
    remedy: "NODE_OPTIONS=--experimental-vm-modules npx jest",
    async run(project) {
      await compiled(project, typescript7, { module: "nodenext" }, "module", program);
      await cp(join(project.folder, "dist/gen"), join(project.folder, "jest/gen"), { recursive: true });
      await project.write("jest/works.test.js", jestTest);
      const jest = [project.tool("jest/bin/jest.js"), "jest/", "--transform={}"];
      assert.notEqual((await project.node(jest)).code, 0);
      const { code, output } = await project.node(jest, { NODE_OPTIONS: "--experimental-vm-modules" });
      assert.equal(code, 0, output);
      assert.match(output, /1 passed/);
    },
  },
  {
    consumer: "Jest with require",
    remedy: 'await import("@interlock/bot")',
    async run(project) {
      await project.write("package.json", '{ "type": "commonjs" }');
      await project.write(
        "jest/dynamic.test.js",
        `test("works", async () => expect(typeof (await import("@interlock/bot")).joinFleet).toBe("function"));\n`,
      );
      const jest = [project.tool("jest/bin/jest.js"), "jest/dynamic", "--transform={}"];
      const { code, output } = await project.node(jest, { NODE_OPTIONS: "--experimental-vm-modules" });
      assert.equal(code, 0, output);
    },
  },
  {
    consumer: "esbuild, packages external",
    async run(project) {
      await project.write("package.json", '{ "type": "module" }');
      await project.write("src/main.ts", program);
      await bundle(project, ["src/main.ts", "--packages=external", "--outdir=dist"]);
      await works(project, "dist/main.js");
    },
  },
  {
    consumer: "esbuild, our packages in the bundle, run beside node_modules",
    remedy: "--external:libsql",
    async run(project) {
      await project.write("package.json", '{ "type": "module" }');
      await project.write("src/main.ts", program);
      await bundle(project, ["src/main.ts", "--external:libsql", "--outdir=dist", `--banner:js=${banner}`]);
      await works(project, "dist/main.js");
    },
  },
  {
    consumer: "esbuild, our packages in the bundle, run without them",
    remedy: "sqlite-thread=@interlock/swarm/sqlite-thread",
    async run(project) {
      await project.write("package.json", '{ "type": "module" }');
      await project.write("src/main.ts", program);
      const entries = ["src/main.ts", "sqlite-thread=@interlock/swarm/sqlite-thread"];
      const folder = await mkdtemp(join(tmpdir(), "interlock-bundle-"));
      try {
        await bundle(project, [...entries, "--external:libsql", `--outdir=${folder}`, `--banner:js=${banner}`]);
        await writeFile(join(folder, "package.json"), '{ "type": "module" }');
        await mkdir(join(folder, "node_modules"));
        for (const name of ["libsql", "@libsql", "@neon-rs", "detect-libc"]) {
          await symlink(join(project.folder, "node_modules", name), join(folder, "node_modules", name));
        }
        await works(project, join(folder, "main.js"));
        await rm(join(folder, "sqlite-thread.js"));
        const { output } = await project.node([join(folder, "main.js")]);
        assert.match(output, /bundle "@interlock\/swarm\/sqlite-thread" as a second entry called sqlite-thread/);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  },
];

async function bundle(project: Project, args: readonly string[]): Promise<void> {
  // Its installation puts a binary in the place of the script, or does not.
  const esbuild = project.tool(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
  await promisify(execFile)(esbuild, [...args, "--bundle", "--platform=node", "--format=esm", "--log-level=error"], {
    cwd: project.folder,
  });
}

describe("consumers of the packed packages", function () {
  this.timeout(300_000);

  let installed: string;
  let tools: string;
  const verdicts = new Map<string, string>();

  before(async function () {
    try {
      installed = await installedPackages();
      tools = await mkdtemp(join(tmpdir(), "interlock-consumer-tools-"));
      await writeFile(join(tools, "package.json"), "{}");
      await npmOk(tools, "install", "--prefer-offline", "typescript@5.4", "jest@29", "esbuild@0.28");
    } catch (error) {
      if (!isOffline(error)) throw error;
      this.skip();
    }
  });
  after(async () => {
    if (tools) await rm(tools, { recursive: true, force: true });
    const width = Math.max(...rows.map(({ consumer }) => consumer.length));
    for (const { consumer } of rows)
      console.log(`    ${consumer.padEnd(width)}  ${verdicts.get(consumer) ?? "failed"}`);
  });

  for (const { consumer, remedy, run } of rows) {
    it(consumer, async () => {
      if (remedy) assert(documented.includes(remedy), `docs/consumers.md does not say ${remedy}`);
      const folder = await mkdtemp(join(tmpdir(), "interlock-consumer-"));
      try {
        await run(await createProject(folder));
        verdicts.set(consumer, remedy ? `documented: ${remedy}` : "works");
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }

  async function createProject(folder: string): Promise<Project> {
    await symlink(join(installed, "node_modules"), join(folder, "node_modules"));
    const project: Project = {
      folder,
      tool: (path) => join(tools, "node_modules", path),
      async write(file, text) {
        await mkdir(join(folder, file, ".."), { recursive: true });
        await writeFile(join(folder, file), text);
      },
      node: (args, env = {}) =>
        promisify(execFile)(process.execPath, args, { cwd: folder, env: { ...ownEnvironment(), ...env } }).then(
          ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
          ({ code, stdout, stderr }) => ({ code, output: `${stdout}${stderr}` }),
        ),
      async compile(tsc, options) {
        const compilerOptions = { ...strict, ...options };
        await project.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["src"] }));
        return (await project.node([tsc, "-p", ".", "--pretty", "false"])).output;
      },
    };
    await project.write("protos/cafe/v1/cafe.proto", proto);
    const cli = join(folder, "node_modules/@interlock/cli/bin/interlock.js");
    const { code, output } = await project.node([cli, "generate"]);
    assert.equal(code, 0, output);
    return project;
  }
});
