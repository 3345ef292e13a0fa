import { readFile } from 'node:fs/promises'
import { createTerminal, type OutputFormat } from '../terminal.ts'

/** kubemci's line, with our version. */
export async function version(output: OutputFormat): Promise<void> {
  const { version: own } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  createTerminal(output, process.env).result({ clientVersion: own }, () => `Client version: ${own}`)
}
