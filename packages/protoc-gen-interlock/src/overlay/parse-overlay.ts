import { type OverlaidMethod, type OverlaidService, type Overlay, overlayFile } from "./overlay.js";
import { type Located, type LocatedMap, readYaml } from "./read-yaml.js";

/**
 * Reads the text of a `policies.yaml`. It checks the form alone: which services, methods and fields there are, the descriptors
 * tell.
 *
 * ```yaml
 * services:
 *   vendor.arm.v1.ArmService:
 *     owner: cell-3@cafe.example         # the fields of (interlock.policy.v1.service)
 *     methods:
 *       Move:                            # the fields of (interlock.policy.v1.access)
 *         scopes: ["arm:move"]
 *         purpose: Move the arm.
 *         risk: RISK_HIGH
 * ```
 */
export function parseOverlay(text: string): Overlay {
  const { root, faults: broken } = readYaml(text, overlayFile);
  const faults = [...broken];
  if (root === undefined) {
    if (faults.length === 0) faults.push(`${overlayFile}:1:1: is empty: write services:, or remove the file`);
    return { services: [], faults };
  }
  const services = mapOf(root, "write services:, with the full name of a service below it");
  for (const [key, { place }] of services) {
    if (key !== "services") faults.push(`${place}: has the key "${key}"; the only key here is "services"`);
  }
  const named = services.get("services");
  if (named === undefined) {
    if (faults.length === 0) faults.push(`${root.place}: has no "services": write it, or remove the file`);
    return { services: [], faults };
  }
  const below = mapOf(named.value, "write the full name of a service below services:");
  return { services: [...below].map(([name, { place, value }]) => readService(name, place, value)), faults };

  function readService(name: string, place: string, value: Located): OverlaidService {
    const content = mapOf(value, `write methods: below ${name}, with the name of a method below that`);
    const methods = content.get("methods");
    const named = methods ? mapOf(methods.value, `write the name of a method of ${name} below methods:`) : new Map();
    const fields = new Map([...content].filter(([key]) => key !== "methods"));
    return { name, place, fields, methods: [...named].map(readMethod) };

    function readMethod([method, entry]: [string, { place: string; value: Located }]): OverlaidMethod {
      const remedy = `write the fields of the policy of ${name}/${method} below it`;
      return { name: method, place: entry.place, fields: mapOf(entry.value, remedy) };
    }
  }

  function mapOf({ place, value }: Located, remedy: string): LocatedMap {
    if (value instanceof Map && value.size > 0) return value;
    faults.push(`${place}: is no mapping with content: ${remedy}`);
    return new Map();
  }
}
