import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { infraRegistryText } from './infra/registry.ts'

/** Writes infra/registry.json: names, topics, limits, permissions, indexes and filters, as the code has them. */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
writeFileSync(join(root, 'infra/registry.json'), await infraRegistryText())
