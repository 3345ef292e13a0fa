import { Argument, Command, CommanderError, Option } from 'commander'
import { exitCodes, Failure, type ExitCode } from './exit-codes.ts'
import {
  common,
  contexts,
  duration,
  labelList,
  manifest,
  manifestOrForce,
  nameList,
  outputOption,
  settled,
  settledManifest,
  truth,
  waiting,
} from './flags.ts'
import { shells, type Shell } from './completion.ts'
import { createTerminal } from './terminal.ts'
import type { ChangeClustersFlags, ClusterAction } from './commands/change-clusters.ts'
import type { AddClustersFlags, RemoveClustersFlags } from './commands/clusters.ts'
import type { ApplyFlags } from './commands/apply.ts'
import type { ReplayFlags } from './commands/dead-letters.ts'
import type { DeleteFlags } from './commands/withdraw.ts'
import type { GetStatusFlags } from './commands/get-status.ts'
import type { PlanFlags } from './commands/plan.ts'
import type { ValidateFlags } from './commands/validate.ts'
import type { CommonFlags, Session } from './session.ts'

const epilogue = `
Examples:
  mci apply -f ingress.yaml --wait              publish an Ingress and wait until it serves
  mci plan -f ingress.yaml                      what that would change; nothing is written
  mci get-status shop                           by Ingress, NAMESPACE/NAME or load balancer
  mci drain shop --clusters us-east --wait      lead the traffic away from a cluster
  mci clusters add -k kubeconfig --kubecontexts us-east,eu-west
  mci create shop -i ingress.yaml -k kubeconfig the same as kubemci

Exit codes:
   0  done             3  not finished within --timeout
   1  failed, refused  4  --wait: it serves, but not from every cluster
   2  plan: changes   64  wrong command line, nothing was done

Works against the playground when its .mci/playground.json is found from here upwards, else against --gcp-project.
`

const takeOver = 'take over resources that carry no stamp of ours'

/** Runs one command line; answers the exit code. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok
  const program = createProgram((result) => (code = result))
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    return explain(error)
  }
}

function explain(error: unknown): ExitCode {
  const terminal = createTerminal('table', process.env)
  const message = error instanceof Error ? error.message : String(error)
  terminal.say(`${terminal.sayColours.red('Error:')} ${message}`)
  if (!(error instanceof Failure)) return exitCodes.failed
  if (error.next !== undefined) terminal.say(error.next)
  return error.code
}

/** Every command. Their code is loaded when they run. */
export function createProgram(done: (code: ExitCode) => void): Command {
  const program = new Command('mci')
    .description('One Ingress, many clusters, one global load balancer on Google Cloud.')
    .helpCommand(false)
    .showHelpAfterError('(mci --help tells more)')
    .addHelpText('after', epilogue)
    .exitOverride()

  const inSession = async <F extends CommonFlags>(
    flags: F,
    work: (session: Session, flags: F) => Promise<ExitCode>,
  ): Promise<void> => {
    const { withSession } = await import('./session.ts')
    done(await withSession(flags, (session) => work(session, flags)))
  }
  /** A command with what all have; `exitOverride` and the rest are inherited from the program. */
  const command = (nameAndArguments: string, description: string): Command =>
    common(program.command(nameAndArguments).description(description))

  const publishing = (made: Command): Command =>
    waiting(
      contexts(made, 'the clusters, registered if they are not yet')
        .option('--clusters <names>', 'exactly these registered clusters, with commas between them', nameList)
        .option('-n, --namespace <name>', 'namespace, where the manifest does not say one')
        .option('--static-ip <name>', 'reserved global address, where the manifest does not say one')
        .option('--validate <bool>', 'wait for the verdict on the manifest', truth, true),
    )
  publishing(manifest(command('apply', 'publish an Ingress, new or changed')))
    .option('--force', takeOver, false)
    .action((flags: ApplyFlags) =>
      inSession(settledManifest(flags), async (session, all) =>
        (await import('./commands/apply.ts')).apply(session, all),
      ),
    )
  publishing(
    manifestOrForce(command('create [load-balancer]', "publish an Ingress, in kubemci's words"), takeOver),
  ).action((loadBalancer: string | undefined, flags: ApplyFlags) =>
    inSession(
      { ...settledManifest(flags), ...(loadBalancer === undefined ? {} : { loadBalancer }) },
      async (session, all) => (await import('./commands/apply.ts')).apply(session, all),
    ),
  )

  manifest(command('plan', 'show what publishing a manifest would do; nothing is written'))
    .option('--clusters <names>', 'exactly these registered clusters, with commas between them', nameList)
    .option('-n, --namespace <name>', 'namespace, where the manifest does not say one')
    .option('--static-ip <name>', 'reserved global address, where the manifest does not say one')
    .option('--force', takeOver, false)
    .action((flags: PlanFlags) =>
      inSession(settledManifest(flags), async (session, all) =>
        (await import('./commands/plan.ts')).plan(session, all),
      ),
    )
  contexts(manifest(command('validate', 'check a manifest and the clusters, without Google Cloud')), 'the clusters')
    .option('--clusters <names>', 'only these registered clusters, with commas between them', nameList)
    .option('-n, --namespace <name>', 'namespace, where the manifest does not say one')
    .action((flags: ValidateFlags) =>
      inSession(settledManifest(flags), async (session, all) =>
        (await import('./commands/validate.ts')).validate(session, all),
      ),
    )

  const naming = (made: Command): Command => made.option('-n, --namespace <name>', 'namespace of the Ingress')
  const withdrawing = command('delete [name]', 'withdraw an Ingress with everything that was made for it')
  waiting(naming(manifestOrForce(withdrawing, 'accepted for kubemci; whatever can be removed always is')))
    // What was recorded is removed, wherever it is: kubemci's scripts may go on naming clusters.
    .addOption(new Option('-k, --kubeconfig <file>').hideHelp())
    .addOption(new Option('--kubecontexts <names>').hideHelp())
    .action((name: string | undefined, flags: DeleteFlags) =>
      inSession(settled(flags), async (session, all) =>
        (await import('./commands/withdraw.ts')).withdraw(session, name, all),
      ),
    )
  waiting(
    naming(manifest(command('get-status [name]', 'show one Ingress: phase, address, clusters, resources and why'))),
  ).action((name: string | undefined, flags: GetStatusFlags) =>
    inSession(settled(flags), async (session, all) =>
      (await import('./commands/get-status.ts')).getStatus(session, name, all),
    ),
  )
  command('list', 'list all Ingresses')
    .option('-n, --namespace <name>', 'only this namespace')
    .action((flags: CommonFlags & { namespace?: string }) =>
      inSession(flags, async (session, { namespace }) => (await import('./commands/list.ts')).list(session, namespace)),
    )

  command(
    'recover',
    'after the state was lost: list what bears our stamp and has no spec yet; nothing is written',
  ).action((flags: CommonFlags) =>
    inSession(flags, async (session) => (await import('./commands/recover.ts')).recover(session)),
  )

  const changing = (verb: string, action: ClusterAction, description: string): Command =>
    waiting(
      contexts(
        naming(manifestOrForce(command(`${verb} [name]`, description), 'also the last one that serves')),
        'the clusters',
      ),
    )
      .option('--clusters <names>', 'the clusters, with commas between them', nameList)
      .action((name: string | undefined, flags: ChangeClustersFlags) =>
        inSession(settled(flags), async (session, all) =>
          (await import('./commands/change-clusters.ts')).changeClusters(session, action, name, all),
        ),
      )
  changing('remove-clusters', 'remove-clusters', 'take clusters out of an Ingress, until an apply names them again')
  changing('drain', 'drain-clusters', 'lead the traffic away from clusters; nothing is deleted')
  changing('undrain', 'undrain-clusters', 'let traffic go to drained clusters again')

  const clusters = program.command('clusters').description('the clusters that can serve')
  contexts(common(clusters.command('add').description('register clusters: where they are, never a credential')), 'them')
    .option('--gke <project/location/name>', 'a GKE cluster, looked up by its name')
    .option('--name <name>', "another name than the context's or GKE's")
    .option('--network <path>', 'projects/P/global/networks/N, where it should not be read from the nodes')
    .option('--labels <pairs>', 'key=value, for the annotation cluster-selector', labelList)
    .action((flags: AddClustersFlags) =>
      inSession(flags, async (session, all) => (await import('./commands/clusters.ts')).addClusters(session, all)),
    )
  common(clusters.command('list').description('list all registered clusters')).action((flags: CommonFlags) =>
    inSession(flags, async (session) => (await import('./commands/clusters.ts')).listClusters(session)),
  )
  waiting(
    common(clusters.command('remove <names...>').description('unregister clusters; they leave every Ingress')),
  ).action((names: string[], flags: RemoveClustersFlags) =>
    inSession(flags, async (session, all) =>
      (await import('./commands/clusters.ts')).removeClusters(session, names, all),
    ),
  )
  const letters = program.command('dead-letters').description('messages that were refused or delivered in vain')
  common(letters.command('list').description('list them, the oldest first, with why')).action((flags: CommonFlags) =>
    inSession(flags, async (session) => (await import('./commands/dead-letters.ts')).listDeadLetters(session)),
  )
  common(letters.command('replay [messages...]').description('send them to their topics once more'))
    .option('--topic <name>', 'all that came from this topic')
    .option('--timeout <time>', 'longest wait, such as 90s or 10m', duration, 60_000)
    .action((messages: string[], flags: ReplayFlags) =>
      inSession(flags, async (session, all) =>
        (await import('./commands/dead-letters.ts')).replayDeadLetters(session, messages, all),
      ),
    )
  program
    .command('version')
    .description('print the version of this command')
    .addOption(outputOption())
    .action(async ({ output }: Pick<CommonFlags, 'output'>) => (await import('./commands/version.ts')).version(output))
  program
    .command('completion')
    .description('print a script that completes commands and options: source <(mci completion bash)')
    .addArgument(new Argument('<shell>').choices([...shells]))
    .action(async (shell: Shell) => {
      const { completionFor } = await import('./completion.ts')
      process.stdout.write(completionFor(shell, program))
    })
  return program
}
