import type { AnyMethod, Codec, ServedMethod, ServedService, ServiceDefinition } from "@interlock/policy";

/** What the codec of a method that is passed on does: nothing here looks into a message. */
const noCodec: Codec<never> = {
  encode: opaque,
  decode: opaque,
  fromPartial: opaque,
};

function opaque(): never {
  throw new TypeError("A gateway passes messages on and does not read them.");
}

/** The definition of a service that is passed on, from the manifest: its names and policies, without its messages. */
export function passedService({ methods, ...service }: ServedService): ServiceDefinition {
  return { ...service, methods: Object.fromEntries(methods.map((method) => [method.name, passedMethod(method)])) };
}

function passedMethod({ path, kind, idempotency, policy }: ServedMethod): AnyMethod {
  return { path, kind, ...(idempotency && { idempotency }), policy, request: noCodec, response: noCodec };
}
