import { findEmulators, type EmulatorPrograms } from '../../playground/emulators.ts'

/**
 * The official emulators, or null when this machine has none: then one line says so and the tests that need them are to be
 * skipped. With MCI_REQUIRE_EVERYTHING a missing emulator is an error.
 */
export async function emulatorsFor(tests: string): Promise<EmulatorPrograms | null> {
  const found = await findEmulators()
  if (!('missing' in found)) return found
  if (process.env['MCI_REQUIRE_EVERYTHING']) throw new Error(`${tests} can't run: missing is ${found.missing}`)
  process.stderr.write(`Skipped: ${tests}; missing is ${found.missing}.\n`)
  return null
}
