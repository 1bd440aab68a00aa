import { parse } from "yaml";

/** The maximum length of a `buf.yaml` that is read, in characters. */
const maximumLength = 262_144;

type Config = Readonly<Record<string, unknown>>;

/**
 * Returns the configuration of buf by which a change is judged, as JSON: that of the change, with the rules for breaking changes
 * of the base revision, since a change must not choose its own rules. `undefined` where both have the same rules, or the
 * change has no `buf.yaml`.
 *
 * @param head - The `buf.yaml` of the change; `undefined` for none.
 * @param base - That of the base revision; `undefined` for none.
 * @throws Error when one of them is no YAML mapping.
 */
export function breakingConfig(head: string | undefined, base: string | undefined): string | undefined {
  if (head === undefined) return undefined;
  const [now, before] = [read(head), base === undefined ? {} : read(base)];
  const modulesBefore = new Map(modulesOf(before).map((module) => [module.path, module]));
  const judged = {
    ...withRules(now, before),
    ...(Array.isArray(now.modules) && {
      modules: modulesOf(now).map((module) => withRules(module, modulesBefore.get(module.path) ?? {})),
    }),
  };
  return JSON.stringify(sorted(judged)) === JSON.stringify(sorted(now)) ? undefined : JSON.stringify(judged);
}

function read(yaml: string): Config {
  if (yaml.length > maximumLength) throw new Error(`buf.yaml is longer than ${maximumLength} characters`);
  const config: unknown = parse(yaml);
  if (typeof config !== "object" || config === null || Array.isArray(config)) throw new Error("buf.yaml is no mapping");
  return config as Config;
}

function modulesOf({ modules }: Config): readonly Config[] {
  return Array.isArray(modules) ? modules.filter((one) => typeof one === "object" && one !== null) : [];
}

function withRules({ breaking: _, ...config }: Config, { breaking }: Config): Config {
  return breaking === undefined || breaking === null ? config : { ...config, breaking };
}

/** The same value with the keys of its mappings in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]));
}
