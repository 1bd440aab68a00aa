import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A project in a temporary folder: proto files, and the packages that generated code imports. */
export interface TempWorkspace {
  readonly path: string;
  write(file: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

const ours = fileURLToPath(new URL("..", import.meta.url));

/** Creates a project with `testdata/`, and with `@interlock/policy` linked into it as pnpm does. */
export async function tempWorkspace({ testdata = false } = {}): Promise<TempWorkspace> {
  const path = await mkdtemp(join(tmpdir(), "protoc-gen-interlock-"));
  if (testdata) await cp(join(ours, "testdata"), path, { recursive: true });
  // As installed: the package contains its proto files, which the checkout has elsewhere.
  const policy = join(path, "installed", "policy");
  await mkdir(policy, { recursive: true });
  for (const name of ["dist", "package.json"]) await symlink(join(ours, "../policy", name), join(policy, name));
  await cp(join(ours, "../../protos/interlock/policy"), join(policy, "protos/interlock/policy"), { recursive: true });
  for (const scope of ["@interlock", "@bufbuild"]) await mkdir(join(path, "node_modules", scope), { recursive: true });
  await symlink(policy, join(path, "node_modules/@interlock/policy"));
  await symlink(join(ours, "node_modules/@bufbuild/protobuf"), join(path, "node_modules/@bufbuild/protobuf"));
  await symlink(join(ours, "../../node_modules/@types"), join(path, "node_modules/@types"));
  return {
    path,
    async write(file, text) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), text);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
