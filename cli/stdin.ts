import { exitCodes, Failure } from './exit-codes.ts'

/** More than any manifest or token. */
const maxBytes = 16 * 1024 * 1024

/** Standard input, whole; it can be read for one purpose only. */
export function createStdin(): (what: string) => Promise<string> {
  let purpose: string | undefined
  return async (what) => {
    if (purpose !== undefined)
      throw new Failure(
        `standard input cannot be both ${purpose} and ${what}`,
        'Put one of them into a file or a variable (MCI_ACCESS_TOKEN).',
        exitCodes.usage,
      )
    purpose = what
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new Failure(`standard input is larger than ${maxBytes / 1024 / 1024} MiB`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }
}
