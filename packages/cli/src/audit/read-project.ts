import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { DeclaredService, GrantsFile, Project, SourcePlace } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import type { ServedService } from "@interlock/policy";
import { locateGrants } from "@interlock/policy/grants";
import { findManifests, readServices, skippedFolders } from "../find-manifests.js";

/**
 * Reads what the manifests in a folder and below it declare, with the place of each method's policy: in its proto file, or in a
 * `policies.yaml`.
 */
export async function readProject(folder: string): Promise<Project> {
  const [manifests, protos, overlaid] = await Promise.all([
    findManifests(folder),
    readProtos(folder),
    readOverlaid(folder),
  ]);
  const declared = new Map<string, DeclaredService>();
  for (const manifest of manifests) {
    for (const service of await readServices(manifest)) {
      const fallback = slashed(relative(folder, manifest));
      if (!declared.has(service.name)) declared.set(service.name, locateService(service, protos, overlaid, fallback));
    }
  }
  return { services: [...declared.values()] };
}

/**
 * Reads what several projects declare; places are relative to the current folder. Default: the project in this folder.
 *
 * @throws InterlockError `NOT_FOUND` for a folder that is not there.
 */
export async function readProjects(folders: readonly string[] = ["."]): Promise<Project> {
  const read = await Promise.all(
    folders.map(async (folder) => {
      if (!existsSync(folder))
        throw new InterlockError(
          "NOT_FOUND",
          `There is no folder ${folder}: name the folder of a project with --project.`,
        );
      const { services } = await readProject(resolve(folder));
      return services.map((service) => moved(service, slashed(relative(".", folder))));
    }),
  );
  return { services: [...new Map(read.flat().map((service) => [service.name, service])).values()] };
}

/** The service with its places relative to the current folder. */
function moved(service: DeclaredService, folder: string): DeclaredService {
  if (folder === "") return service;
  const to = (place: SourcePlace): SourcePlace => ({ ...place, file: `${folder}/${place.file}` });
  const methods = service.methods.map((method) => ({ ...method, place: to(method.place) }));
  return { ...service, place: to(service.place), methods };
}

/** Finds the places of services of one manifest in the proto files of a folder. */
export async function locateServices(folder: string, services: readonly ServedService[]): Promise<Project> {
  const [protos, overlaid] = await Promise.all([readProtos(folder), readOverlaid(folder)]);
  const fallback = protos[0]?.file ?? "buf.yaml";
  return { services: services.map((service) => locateService(service, protos, overlaid, fallback)) };
}

/** Reads a grants file of a project. */
export async function readGrantsFile(folder: string, path: string): Promise<GrantsFile> {
  const yaml = await readFile(path, "utf8");
  return { file: slashed(relative(folder, path)), yaml, grants: locateGrants(yaml) };
}

/** A file of a project, with its text. */
export interface Proto {
  /** Relative to the root of the project. */
  readonly file: string;
  readonly text: string;
}

/** The places of policies outside of proto files, by `package.Service/Method` and by service. */
type OverlaidPlaces = ReadonlyMap<string, SourcePlace>;

async function readOverlaid(folder: string): Promise<OverlaidPlaces> {
  const files = await readPolicies(folder);
  if (files.length === 0) return new Map();
  const { locatePolicies } = await import("protoc-gen-interlock");
  return new Map(
    files.flatMap(({ file, text }) => [...locatePolicies(text)].map(([name, place]) => [name, { file, ...place }])),
  );
}

/**
 * Finds the places of a service and its methods: where their policy stands. Where neither a proto file nor a `policies.yaml` has
 * them, it is the beginning of the manifest.
 */
function locateService(
  service: ServedService,
  protos: readonly Proto[],
  overlaid: OverlaidPlaces,
  manifest: string,
): DeclaredService {
  const dot = service.name.lastIndexOf(".");
  const inPackage = new RegExp(`^[ \\t]*package\\s+${service.name.slice(0, dot).replaceAll(".", "\\.")}\\s*;`, "m");
  const declaration = new RegExp(`^[ \\t]*service\\s+${service.name.slice(dot + 1)}\\b`, "m");
  const proto = protos.find(({ text }) => inPackage.test(text) && declaration.test(text));
  const { file, text } = proto ?? { file: manifest, text: "" };
  const from = Math.max(0, text.search(declaration));
  const methods = service.methods.map((method) => {
    const at = text.slice(from).search(new RegExp(`^[ \\t]*rpc\\s+${method.name}\\b`, "m"));
    const place = overlaid.get(`${service.name}/${method.name}`) ?? placeAt(file, text, at < 0 ? from : from + at);
    return { ...method, place };
  });
  return { ...service, place: overlaid.get(service.name) ?? placeAt(file, text, from), methods };
}

function placeAt(file: string, text: string, start: number): SourcePlace {
  // A match may begin with the space in front of the keyword.
  const offset = start + (/^\s*/.exec(text.slice(start))?.[0].length ?? 0);
  const lines = text.slice(0, offset).split("\n");
  return { file, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** Reads the proto files in a folder and below it. */
export function readProtos(folder: string): Promise<Proto[]> {
  return readFiles(folder, (name) => name.endsWith(".proto"));
}

/** Reads each `policies.yaml` in a folder and below it. */
export function readPolicies(folder: string): Promise<Proto[]> {
  return readFiles(folder, (name) => name === "policies.yaml");
}

async function readFiles(folder: string, isMeant: (name: string) => boolean): Promise<Proto[]> {
  const paths = await findFiles(folder, isMeant);
  return Promise.all(
    paths.map(async (path) => ({ file: slashed(relative(folder, path)), text: await readFile(path, "utf8") })),
  );
}

async function findFiles(folder: string, isMeant: (name: string) => boolean, depth = 8): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isFile()) return isMeant(entry.name) ? [path] : [];
    const isLookedInto =
      entry.isDirectory() && depth > 0 && !entry.name.startsWith(".") && !skippedFolders.has(entry.name);
    return isLookedInto ? findFiles(path, isMeant, depth - 1) : [];
  });
  return (await Promise.all(below)).flat();
}

function slashed(path: string): string {
  return path.split(sep).join("/");
}
