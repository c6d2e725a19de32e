/**
 * Whether a loader lends its buffers. A batch whose consumer never says that it is done with it must be a copy, which stays. The first `release()` shows a consumer who does say so; from then on
 * batches are views of the buffers they were gathered into, used again after their release.
 */
export interface Lending {
  isOn: boolean;
}
