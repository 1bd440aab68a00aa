import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

/** The maximum number of files that are taken from a revision. */
const maximumFiles = 10_000;

/** The maximum size of the list of a revision's files, and of all files that are taken from it, in bytes. */
const maximumBytes = 67_108_864;

/** The files of a revision that a gate reads. */
const read = /(\.proto|(^|\/)buf\.lock|\.ya?ml)$/;

/** A file of a revision. */
interface RevisionFile {
  /** Relative to the folder. */
  readonly path: string;
  /** The object with its content. */
  readonly object: string;
}

/**
 * Writes the proto files and the YAML files that a git revision has in a folder to a temporary folder, calls `work` with that,
 * and removes it. Packages are those of the folder. Links are left out; no attribute of git leaves a file out.
 *
 * @throws Error when git does not know the revision, or the folder is in no repository.
 */
export async function withRevision<T>(
  folder: string,
  revision: string,
  work: (base: string) => Promise<T>,
): Promise<T> {
  if (revision.startsWith("-")) throw new Error(`"${revision}" is no revision`);
  const files = await filesOf(folder, revision);
  if (files.length > maximumFiles)
    throw new Error(`${revision} has more than ${maximumFiles} proto and YAML files here`);
  const base = await mkdtemp(join(tmpdir(), "interlock-base-"));
  try {
    if (files.length > 0) await unpack(folder, revision, files, base);
    const modules = join(folder, "node_modules");
    if (existsSync(modules)) await symlink(modules, join(base, "node_modules"), "junction");
    return await work(base);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

async function filesOf(folder: string, revision: string): Promise<RevisionFile[]> {
  const args = ["-C", folder, "ls-tree", "-r", "-z", revision, "--", "."];
  const { stdout } = await promisify(execFile)("git", args, { maxBuffer: maximumBytes }).catch((error) => {
    const said = `${error.stderr ?? error.message}`.trim().replace(/^fatal: /i, "");
    throw new Error(`git says "${said}"; name a revision that is here, or fetch it first`);
  });
  return stdout.split("\0").flatMap((entry) => {
    // Only regular files: a link could lead out of the temporary folder.
    const [, object, path] = /^100\d{3} blob ([0-9a-f]+)\t([\s\S]+)$/.exec(entry) ?? [];
    if (object === undefined || path === undefined) return [];
    const isBelow = !path.split("/").some((part) => part === ".." || part === "node_modules");
    return read.test(path) && isBelow ? [{ path, object }] : [];
  });
}

/**
 * Writes files of a revision below `base`. Their objects are read, in one run of git: an archive would leave out what the
 * attribute `export-ignore` names, so the change of such a file would be judged as a new file.
 */
async function unpack(folder: string, revision: string, files: readonly RevisionFile[], base: string): Promise<void> {
  const bytes = await readObjects(folder, revision, files);
  let at = 0;
  for (const { path, object } of files) {
    const end = bytes.indexOf("\n", at);
    const [, id, size] = /^([0-9a-f]+) blob (\d+)$/.exec(bytes.toString("latin1", at, end)) ?? [];
    if (id !== object) throw new Error(`git cannot read ${path} of ${revision}`);
    const file = join(base, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes.subarray(end + 1, end + 1 + Number(size)));
    at = end + 1 + Number(size) + 1;
  }
}

function readObjects(folder: string, revision: string, files: readonly RevisionFile[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const git = spawn("git", ["-C", folder, "cat-file", "--batch"], { stdio: ["pipe", "pipe", "ignore"] });
    const chunks: Buffer[] = [];
    let total = 0;
    git.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      total += chunk.length;
      if (total <= maximumBytes) return;
      git.kill();
      reject(new Error(`the proto and YAML files of ${revision} have more than ${maximumBytes} bytes here`));
    });
    git.stdin.on("error", () => {}); // A git that ends early shows by its exit code.
    git.stdin.end(files.map(({ object }) => `${object}\n`).join(""));
    git.on("error", reject).on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new Error(`git cannot read the files of ${revision}`));
    });
  });
}
