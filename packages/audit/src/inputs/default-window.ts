/** The default window in which a method or a grant without a call is unused: 30 days, in milliseconds. */
export const defaultWindowMs = 30 * 86_400_000;
