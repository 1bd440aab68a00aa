import { createFileRegistry, type DescMethod, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { ServiceDefinition } from "@interlock/bot";
import { type Extreme, extremesOf } from "./extremes.js";
import type { Random } from "./random.js";

/** One request to try. */
export interface Case {
  /** The name of the method in the definition. */
  readonly method: string;
  readonly kind: DescMethod["methodKind"];
  /** What is in the request, for people. */
  readonly name: string;
  bytes(): Uint8Array;
}

export interface CaseOptions {
  readonly mixed: number;
  /** Which part of them is tried, from 0 to 1, chosen at random. */
  readonly share: number;
  readonly bases?: Readonly<Record<string, readonly Uint8Array[]>>;
  readonly only?: Readonly<Record<string, Uint8Array>>;
}

/**
 * The requests with which a service is tried: each field with each of its extremes, and `mixed` requests of several extremes
 * at once. They come from the service's own descriptors, so a new field is among them by itself.
 *
 * `only` has methods whose requests would do honest users harm as they are meant to: each has bytes that limit it, and no mixed
 * requests, which might take the limit away. `bases` gives bytes for a method's requests, so that what is checked later is reached, too: an extreme comes after them, and
 * the last value of a field counts.
 */
export function casesOf(
  definition: ServiceDefinition,
  random: Random,
  { mixed, share, bases = {}, only = {} }: CaseOptions,
): Case[] {
  const set = fromBinary(FileDescriptorSetSchema, Buffer.from(definition.descriptors ?? "", "base64"));
  const service = createFileRegistry(set).getService(definition.name);
  if (!service) throw new Error(`${definition.name} has no descriptors`);
  return service.methods.flatMap((method) => {
    const { localName, methodKind: kind } = method;
    const extremes = extremesOf(method.input);
    const limit = only[localName];
    const starts = limit ? [limit] : [Buffer.alloc(0), ...(bases[localName] ?? [])];
    const after = (start: Uint8Array, some: readonly Extreme[]) => {
      return () => Buffer.concat([start, ...some.map(({ bytes }) => bytes())]);
    };
    const alone = extremes.map((each) => ({ name: each.name, bytes: after(random.pick(starts), [each]) }));
    const together = Array.from({ length: extremes.length > 0 && !limit ? mixed : 0 }, () => {
      const some = Array.from({ length: 2 + random.below(4) }, () => random.pick(extremes));
      return { name: some.map(({ name }) => name).join(", "), bytes: after(random.pick(starts), some) };
    });
    const nothing = { name: "nothing", bytes: () => Buffer.alloc(0) };
    const cut = { name: "cut off", bytes: () => Buffer.from([0x0a, 0x7f, 0x00]) };
    const chosen = [...alone, ...together].filter(() => random.below(1_000) < share * 1_000);
    const cases = [nothing, cut, ...chosen];
    return cases.map(({ name, bytes }) => ({ method: localName, kind, name, bytes }));
  });
}
