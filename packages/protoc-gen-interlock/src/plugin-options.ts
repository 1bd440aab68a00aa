import type { Timestamps } from "./messages/print-messages.js";

/** The options of the plugin: `opt` in a `buf.gen.yaml`, separated by commas. */
export interface PluginOptions {
  /** The current day in UTC, `YYYY-MM-DD`. Default: that of the machine. */
  readonly today: string;
  /** Whether methods past their sunset are generated, for example so that a test can call them. Default: false. */
  readonly allowPast: boolean;
  /** The form of `google.protobuf.Timestamp` in messages. Default: `date`. */
  readonly timestamps: Timestamps;
  /** The file with the policies of methods whose proto files cannot be edited, from the current folder. Default: none. */
  readonly policies?: string | undefined;
  /** Whether that file also has services that are not generated in this run. Default: false. */
  readonly policiesOfOthers?: boolean;
}

/** Reads the options; {@link known} names them. Throws an `Error` for anything else. */
export function readPluginOptions(parameter: string): PluginOptions {
  let today = new Date().toISOString().slice(0, 10);
  let allowPast = false;
  let timestamps: Timestamps = "date";
  let policies: string | undefined;
  let policiesOfOthers = false;
  for (const option of parameter.split(",").filter(Boolean)) {
    const day = /^today=(\d{4}-\d\d-\d\d)$/.exec(option)?.[1];
    if (day !== undefined) today = day;
    else if (option === "allow_past") allowPast = true;
    else if (option === "timestamps=date" || option === "timestamps=message")
      timestamps = option === "timestamps=date" ? "date" : "message";
    else if (option.startsWith("policies=")) policies = option.slice("policies=".length);
    else if (option === "policies_of_others") policiesOfOthers = true;
    else throw new Error(`protoc-gen-interlock does not know the option ${option}; it knows ${known}`);
  }
  return { today, allowPast, timestamps, policies, policiesOfOthers };
}

const known = "allow_past, today=YYYY-MM-DD, timestamps=date|message, policies=policies.yaml and policies_of_others";

/** Writes the options as {@link readPluginOptions} reads them. */
export function printPluginOptions(options: PluginOptions): string[] {
  const { today, allowPast, timestamps, policies, policiesOfOthers } = options;
  return [
    `today=${today}`,
    `timestamps=${timestamps}`,
    ...(allowPast ? ["allow_past"] : []),
    ...(policies === undefined ? [] : [`policies=${policies}`]),
    ...(policiesOfOthers ? ["policies_of_others"] : []),
  ];
}
