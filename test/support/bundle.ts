import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildFunctions } from '../../scripts/bundle/build.ts'
import type { ZipEntry } from '../../scripts/bundle/zip.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** The functions as they are deployed, unpacked and installed as the platform's build does. */
export interface InstalledBundle {
  folder: string
  /** What was built, before anything was installed. */
  files: ZipEntry[]
  /** The functions-framework command that the bundle brings. */
  framework: string
  /** A program that hosts every function of the bundle at MCI_BUNDLE in one process, for startFunctions. */
  host: string
}

/** Builds the bundle into an empty folder and runs `npm ci` there, with a registry that does not exist: nothing may be fetched; then the build's own script. */
export async function installBundle(folder: string): Promise<InstalledBundle> {
  const files = await buildFunctions(root)
  for (const { path, content } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund', '--registry=http://127.0.0.1:9'], { cwd: folder })
  // With the Node that will run it: npm runs scripts with its own.
  await promisify(execFile)(process.execPath, ['functions-framework/compile.cjs'], { cwd: folder })
  return {
    folder,
    files,
    framework: join(folder, 'node_modules/.bin/functions-framework'),
    host: join(root, 'test/bundle/host.ts'),
  }
}
