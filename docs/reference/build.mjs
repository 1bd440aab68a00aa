// Builds the API reference of every published package into docs/api, and fails on any warning.
//
// TypeDoc needs the compiler's JavaScript API, which TypeScript 7 does not have. So this folder is a package of its
// own, with a TypeScript 6 that nothing else uses. It reads the declaration files in dist: what users get.
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, Comment, ReflectionKind, TSConfigReader } from "typedoc";
import { publicEntries, publishedPackages } from "../../scripts/published.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const out = join(root, "docs/api");
const specifiers = new Map(publicEntries().map(({ specifier, types }) => [types, specifier]));

const app = await Application.bootstrap(
  {
    name: "Interlock",
    tsconfig: join(here, "tsconfig.json"),
    entryPoints: [...specifiers.keys()],
    readme: "none",
    disableSources: true,
    hideGenerator: true,
    validation: { invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
    packagesRequiringDocumentation: publishedPackages().map(({ manifest }) => manifest.name),
    // Methods of interfaces count as functions; properties are free to be plain from their names.
    requiredToBeDocumented: ["Class", "Enum", "Function", "Interface", "TypeAlias", "Variable"],
  },
  [new TSConfigReader()],
);
const entries = app.getEntryPoints() ?? [];
for (const file of specifiers.keys()) {
  if (!entries.some(({ sourceFile }) => sourceFile.fileName === file)) {
    app.logger.error(`${relative(root, file)} is not there: run "npm run docs", which builds it first`);
  }
}
const project = app.converter.convert(
  entries.map((entry) => ({ ...entry, displayName: specifiers.get(entry.sourceFile.fileName) })),
);
describeGenerated(project);
app.validate(project);
for (const entry of entries) compareNames(entry);
if (app.logger.errorCount + app.logger.warningCount === 0) await app.generateDocs(project, out);
process.exitCode = app.logger.errorCount + app.logger.warningCount === 0 ? 0 : 1;

/** Reports each name that a module exports and the reference does not list. */
function compareNames({ program, sourceFile }) {
  const specifier = specifiers.get(sourceFile.fileName);
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(sourceFile)).map(({ name }) => name);
  const listed = new Set(project.getChildByName([specifier])?.children?.map(({ name }) => name));
  for (const name of exported.filter((name) => !listed.has(name))) {
    app.logger.error(`${specifier} exports ${name}, and the reference does not list it`);
  }
  console.log(`${specifier}: ${exported.length} names`);
}

/**
 * Describes what ts-proto writes without a comment: codecs, the values of enums, helpers. Messages, enums and services
 * have their comments from the proto files; one without is a warning like any other.
 */
function describeGenerated(project) {
  for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) {
    const { packagePath = "" } = project.getSymbolIdFromReflection(reflection) ?? {};
    if (!packagePath.includes("/gen/") || reflection.hasComment()) continue;
    const text = generatedText(reflection);
    if (text) reflection.comment = new Comment([{ kind: "text", text }]);
  }
}

function generatedText({ kind, name, parent }) {
  const sameName = parent?.children?.some((other) => other.name === name && other.kind === ReflectionKind.Interface);
  if (kind === ReflectionKind.Variable && sameName) return `Encodes and decodes the message ${name}.`;
  if (kind === ReflectionKind.Interface && name !== "MessageFns") return undefined;
  return "Written by ts-proto.";
}
