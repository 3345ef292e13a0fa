import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

/** Quiet: no call of its own to anywhere, no update, no first-run page. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * The path of Debian's Chromium, or null when this machine has none: then one line says so and the tests that need it are to
 * be skipped. With MCI_REQUIRE_EVERYTHING a missing browser is an error.
 */
export function browserFor(tests: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'chromium')
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      continue
    }
  }
  const missing = 'chromium is not installed (scripts/install-browser.sh installs it from Debian)'
  if (process.env['MCI_REQUIRE_EVERYTHING']) throw new Error(`${tests} can't run: ${missing}`)
  process.stderr.write(`Skipped: ${tests}; ${missing}.\n`)
  return null
}

/** A browser with an empty profile of its own, which goes with it. */
export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args })
}
