import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from '@cdktf/hcl2json'
import { z } from 'zod'

/** A block's content: arguments, blocks as lists of objects. */
export type Body = Record<string, unknown>

/** One resource or data source. */
export interface Declared {
  type: string
  name: string
  body: Body
}

/** One folder of Terraform files, as one program reads it. */
export interface TerraformModule {
  /** `.` = infra itself. */
  folder: string
  variables: Record<string, Body>
  outputs: Record<string, Body>
  locals: Record<string, unknown>
  resources: Declared[]
  data: Declared[]
  modules: Record<string, Body>
  /** Everything, for searching expressions. */
  whole: unknown
}

/** The folder infra of this repository. */
export const infraFolder = fileURLToPath(new URL('../../infra', import.meta.url))

const body = z.record(z.string(), z.unknown())
const named = z.record(z.string(), z.array(body)).default({})
const typed = z.record(z.string(), z.record(z.string(), z.array(body))).default({})
const file = z.looseObject({
  variable: named,
  output: named,
  module: named,
  resource: typed,
  data: typed,
  locals: z.array(body).default([]),
})

/** Reads every folder below infra that holds Terraform files. */
export async function readInfra(): Promise<TerraformModule[]> {
  const files = readdirSync(infraFolder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.tf') && !path.includes('.terraform'),
  )
  const folders = [...new Set(files.map((path) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.')))]
  return Promise.all(
    folders.sort().map((folder) =>
      readModule(
        folder,
        files.filter((path) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.') === folder),
      ),
    ),
  )
}

async function readModule(folder: string, files: readonly string[]): Promise<TerraformModule> {
  const parsed = await Promise.all(
    files.map(async (path) => file.parse(await parse(path, readFileSync(join(infraFolder, path), 'utf8')))),
  )
  const only = (pick: (one: z.infer<typeof file>) => Record<string, Body[]>): Record<string, Body> =>
    Object.fromEntries(
      parsed.flatMap((one) => Object.entries(pick(one)).map(([name, bodies]) => [name, bodies[0] ?? {}])),
    )
  const declared = (pick: (one: z.infer<typeof file>) => Record<string, Record<string, Body[]>>): Declared[] =>
    parsed.flatMap((one) =>
      Object.entries(pick(one)).flatMap(([type, byName]) =>
        Object.entries(byName).map(([name, bodies]) => ({ type, name, body: bodies[0] ?? {} })),
      ),
    )
  return {
    folder,
    variables: only((one) => one.variable),
    outputs: only((one) => one.output),
    modules: only((one) => one.module),
    locals: Object.assign({}, ...parsed.flatMap((one) => one.locals)) as Record<string, unknown>,
    resources: declared((one) => one.resource),
    data: declared((one) => one.data),
    whole: parsed,
  }
}

/** Every expression `${...}` and plain text in a value. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, one]) => [key, ...textsIn(one)])
  return []
}
