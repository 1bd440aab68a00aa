import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generate } from "protoc-gen-interlock";

const policyProtos = fileURLToPath(new URL("../../../../protos/interlock/policy", import.meta.url));

/** A folder with proto files of which code was generated. */
export interface TestProject {
  readonly folder: string;
  /** The path of the generated manifest. */
  readonly manifest: string;
  remove(): Promise<void>;
}

/**
 * Generates code in a temporary folder.
 *
 * @param files - The texts of its files by their paths.
 * @param name - The name of the folder; it may hold any character of a path. Default: `project`.
 * @param options - The folders of the proto files and of the generated code.
 */
export async function generateProject(
  files: Readonly<Record<string, string>>,
  name = "project",
  { protos = "protos", out = "src/gen" }: { readonly protos?: string; readonly out?: string } = {},
): Promise<TestProject> {
  const parent = await mkdtemp(join(tmpdir(), "interlock-call-"));
  const folder = join(parent, name);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const installed = join(folder, "node_modules/@interlock/policy/protos/interlock/policy");
  await cp(policyProtos, installed, { recursive: true });
  await generate({ workspace: folder, protos, out });
  return {
    folder,
    manifest: join(folder, out, "interlock.manifest.json"),
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}

/** A method with an access policy, as a line of a service. */
export function rpc(name: string, request: string, response: string): string {
  const access = `{ scopes: ["arm:move"] purpose: "Move the arm of a test." }`;
  return `rpc ${name}(${request}) returns (${response}) { option (interlock.policy.v1.access) = ${access}; }`;
}
