import { z } from 'zod'
import type { Body } from './hcl.ts'

/** What the provider knows of one block (provider-schema.json). */
export interface BlockSchema {
  /** Arguments by name; true = required. */
  arguments: Record<string, boolean>
  blocks: Record<string, BlockSchema & { required: boolean }>
}

/** Arguments that Terraform itself reads, in resources only. */
const metaArguments = new Set(['for_each', 'count', 'depends_on', 'provider', 'lifecycle'])

const bodies = z.array(z.record(z.string(), z.unknown()))
const dynamics = z.record(z.string(), z.array(z.object({ for_each: z.unknown(), content: bodies })))

/** Everything in a block that the provider would refuse: unknown names, missing arguments, arguments written as blocks. */
export function problemsOf(where: string, body: Body, schema: BlockSchema, top = true): string[] {
  const problems: string[] = []
  const present = new Set<string>()
  const nested = (name: string, contents: readonly Body[]): void => {
    const block = schema.blocks[name]
    present.add(name)
    if (block === undefined) problems.push(`${where}: there is no block "${name}"`)
    else for (const content of contents) problems.push(...problemsOf(`${where}.${name}`, content, block, false))
  }
  for (const [name, value] of Object.entries(body)) {
    if (top && metaArguments.has(name)) continue
    if (name === 'dynamic') {
      for (const [block, uses] of Object.entries(dynamics.parse(value)))
        nested(
          block,
          uses.flatMap(({ content }) => content),
        )
    } else if (name in schema.arguments) present.add(name)
    else if (name in schema.blocks) {
      const contents = bodies.safeParse(value)
      if (contents.success) nested(name, contents.data)
      else problems.push(`${where}: "${name}" is a block, not an argument`)
    } else problems.push(`${where}: there is no argument or block "${name}"`)
  }
  const required = [
    ...Object.entries(schema.arguments).filter(([, needed]) => needed),
    ...Object.entries(schema.blocks).filter(([, { required }]) => required),
  ]
  for (const [name] of required) if (!present.has(name)) problems.push(`${where}: "${name}" is missing`)
  return problems
}
