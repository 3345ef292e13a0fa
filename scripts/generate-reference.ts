import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { referenceText } from './reference/text.ts'

/** Writes docs/reference.md: every annotation, field, attribute and variable, as the code has them. */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
writeFileSync(join(root, 'docs/reference.md'), await referenceText())
