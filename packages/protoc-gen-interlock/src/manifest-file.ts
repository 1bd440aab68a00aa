/** The file name of the manifest in a folder of generated code. It also marks the folder as generated. */
export const manifestFile = "interlock.manifest.json";

/**
 * The file name of the descriptors in a folder of generated code: a `google.protobuf.FileDescriptorSet` of all its files and
 * their imports, in base64. `interlock call` writes and reads messages by it.
 */
export const descriptorsFile = "interlock.descriptors.b64";
