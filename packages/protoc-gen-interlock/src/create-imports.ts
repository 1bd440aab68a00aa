/** The import statements of one generated file. */
export interface Imports {
  /** The local name of `name` from `module`: `name` itself if that is free, else `alias`, made unique. */
  add(name: string, module: string, alias: string, typeOnly?: boolean): string;
  /** The statements, packages first. */
  print(): string;
}

interface Import {
  readonly name: string;
  readonly module: string;
  readonly local: string;
  readonly typeOnly: boolean;
}

/** Collects imports without collisions among each other or with the names `reserved` by the file. */
export function createImports(reserved: Iterable<string>): Imports {
  const taken = new Set(reserved);
  const imports = new Map<string, Import>();
  return {
    add(name, module, alias, typeOnly = false) {
      const key = `${module}#${name}`;
      const known = imports.get(key);
      if (known) return known.local;
      let local = taken.has(name) ? alias : name;
      while (taken.has(local)) local += "_";
      taken.add(local);
      imports.set(key, { name, module, local, typeOnly });
      return local;
    },
    print: () => printImports([...imports.values()]),
  };
}

function printImports(imports: readonly Import[]): string {
  const modules = [...new Set(imports.map(({ module }) => module))].sort(packagesFirst);
  return modules
    .map((module) => {
      const names = imports.filter((one) => one.module === module);
      const list = names.map(({ name, local }) => (name === local ? name : `${name} as ${local}`)).sort();
      const typeOnly = names.every((one) => one.typeOnly);
      const keyword = typeOnly ? "import type" : "import";
      // A CommonJS project has to say that it means the types of an ES module.
      const mode = typeOnly && !module.startsWith(".") ? ' with { "resolution-mode": "import" }' : "";
      const line = `${keyword} { ${list.join(", ")} } from "${module}"${mode};`;
      return line.length <= 120 ? line : `${keyword} {\n  ${list.join(",\n  ")},\n} from "${module}"${mode};`;
    })
    .join("\n");
}

function packagesFirst(a: string, b: string): number {
  return Number(a.startsWith(".")) - Number(b.startsWith(".")) || (a < b ? -1 : 1);
}
