/** The variants, the bare library first: the others are measured against it. */
export const variantNames = [
  "grpc-js",
  "interlock",
  "interlock+otel",
  "grpc-js+jwt",
  "nice-grpc",
  "connect-node",
  "grpc-go",
  "tls-floor",
] as const;

export type VariantName = (typeof variantNames)[number];

/** The variants, and the ends that only stand behind and before a door. */
export type EndName = VariantName | "bare-wire" | "plain-wire";
