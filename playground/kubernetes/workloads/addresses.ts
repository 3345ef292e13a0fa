/** The IP addresses of one cluster: nodes in 10.N.0.0/22, pods in the rest of 10.N.0.0/16. */
export interface AddressBlock {
  /** An address for a new pod. Throws when all are in use. */
  take(): string
  release(address: string): void
  /** The address of the next node; never given twice. */
  nextNode(): string
}

const firstPod = 4 * 256
const lastPod = 255 * 256 + 255
const lastNode = 4 * 256 - 1

/** The addresses of block N (0..255). */
export function createAddressBlock(block: number): AddressBlock {
  const used = new Set<number>()
  let next = firstPod
  let node = 1
  const written = (index: number): string => `10.${block}.${Math.floor(index / 256)}.${index % 256}`
  return {
    take() {
      // Going round instead of reusing at once: an address that was just freed may still stand in a NEG.
      for (let tries = firstPod; tries <= lastPod; tries += 1) {
        const candidate = next
        next = next === lastPod ? firstPod : next + 1
        const host = candidate % 256
        if (host === 0 || host === 255 || used.has(candidate)) continue
        used.add(candidate)
        return written(candidate)
      }
      throw new Error(`cluster block 10.${block}.0.0/16 has no free pod address`)
    },
    release(address) {
      const [, , third, fourth] = address.split('.').map(Number)
      if (third !== undefined && fourth !== undefined) used.delete(third * 256 + fourth)
    },
    nextNode() {
      node += 1
      if (node > lastNode) throw new Error(`cluster block 10.${block}.0.0/22 has no free node address`)
      return written(node)
    },
  }
}
