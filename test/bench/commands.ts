import { makeFolder, startPlayground, type Folder } from '../cli/command.ts'
import { deploy, pathsIngress } from '../support/manifests.ts'

/** Prints how long people wait for `mci`; answers how many targets were missed. */
export async function printCommands(): Promise<number> {
  console.log('\n| command | target | measured (median of 5) |')
  console.log('|---|---|---|')
  return (await help()) + (await plan())
}

async function help(): Promise<number> {
  const folder = makeFolder()
  try {
    return row('`mci --help`', 300, await median(folder, ['--help'], 0))
  } finally {
    folder.remove()
  }
}

async function plan(): Promise<number> {
  const playground = await startPlayground('--clusters', '8', '--request-delay', '50')
  try {
    const services = Array.from({ length: 20 }, (_, index) => `service-${index}`)
    await Promise.all(
      playground.clusters.map(async ({ server }) => {
        for (const service of services) await deploy(server, service)
      }),
    )
    const file = playground.write('ingress.json', pathsIngress('web', services))
    const milliseconds = await median(playground, ['plan', '-f', file], 2)
    return row('`mci plan`, 20 services, 8 clusters, 50 ms requests', 1_500, milliseconds)
  } finally {
    await playground.stop()
  }
}

/** From the start of the process to its end. */
async function median(folder: Folder, args: readonly string[], code: number): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < 5; run += 1) {
    const begun = performance.now()
    const ran = await folder.mci(args)
    times.push(performance.now() - begun)
    if (ran.code !== code) throw new Error(`mci ${args.join(' ')} exited with ${ran.code}: ${ran.stderr}`)
  }
  return times.sort((a, b) => a - b)[2] ?? NaN
}

function row(name: string, target: number, milliseconds: number): number {
  const over = milliseconds > target
  console.log(`| ${name} | ${target} ms | ${Math.round(milliseconds)} ms${over ? ' **missed**' : ''} |`)
  return over ? 1 : 0
}
