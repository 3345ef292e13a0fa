import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'prettier'
import { readInfra } from './hcl.ts'

/**
 * Writes provider-schema.json: names, required flags and nested blocks of the resource types that infra uses, read from the
 * declarations of the npm package `@cdktf/provider-google`, which is made from the provider's own schema. Run by hand after a
 * new type of resource came into infra, with the folder of that package (328 MB, and so no dependency of the project):
 *
 *   node test/infra/generate-provider-schema.ts FOLDER/node_modules/@cdktf/provider-google
 */

/** One block: its arguments, true = required, and the blocks inside. */
export interface BlockSchema {
  arguments: Record<string, boolean>
  blocks: Record<string, BlockSchema & { required: boolean }>
}

const [, , folder = ''] = process.argv
const declarations = (type: string): string =>
  readFileSync(
    join(
      folder,
      'lib',
      type
        .replace('data.', 'data_')
        .replaceAll('_', '-')
        .replace('google-', type.startsWith('data.') ? 'google-' : ''),
      'index.d.ts',
    ),
    'utf8',
  )

/** Reads one interface: members are documented by their name in Terraform, as the anchor of a link. */
function read(text: string, name: string, parents: readonly string[]): BlockSchema {
  const start = text.indexOf(`export interface ${name} `)
  if (start < 0) throw new Error(`no interface ${name}`)
  const body = text.slice(start, text.indexOf('\n}', start))
  const schema: BlockSchema = { arguments: {}, blocks: {} }
  for (const [, anchor = '', optional, type = ''] of body.matchAll(
    /#(\w+) [\w#]+\}[^]*?readonly \w+(\??): ([^;]+);/g,
  )) {
    const nested = /^([A-Z]\w+)(?:\[\])?(?: \| cdktf\.IResolvable)?$/.exec(type)?.[1]
    const required = optional !== '?'
    if (nested === undefined) schema.arguments[anchor] = required
    else if (!parents.includes(nested))
      schema.blocks[anchor] = { required, ...read(text, nested, [...parents, nested]) }
  }
  return schema
}

const modules = await readInfra()
const types = new Set(
  modules.flatMap(({ resources, data }) => [
    ...resources.map(({ type }) => type),
    ...data.map(({ type }) => `data.${type}`),
  ]),
)
const schema = Object.fromEntries(
  [...types].sort().map((type) => {
    const text = declarations(type)
    const config = /export interface (\w+Config) extends cdktf\.TerraformMetaArguments/.exec(text)?.[1] ?? ''
    return [type, read(text, config, [])]
  }),
)
writeFileSync(
  fileURLToPath(new URL('provider-schema.json', import.meta.url)),
  await format(JSON.stringify(schema), { parser: 'json', printWidth: 120 }),
)
