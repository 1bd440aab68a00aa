/**
 * Creates numbers that always grow, over all leaders: the upper bits are the leader's epoch, which the store gives once;
 * the lower 32 count. So a leader that takes over need not know the numbers that its predecessor has used. They fit a
 * double for two million epochs.
 */
export function createCounter(epoch: number): () => bigint {
  let next = BigInt(epoch) << 32n;
  return () => ++next;
}
