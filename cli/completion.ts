import type { Command, Option } from 'commander'

/** Shells for which completion is written. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** One command with the words that can follow it. */
interface Entry {
  /** `clusters add`; '' = the program itself. */
  path: string
  commands: readonly Command[]
  options: readonly Option[]
}

/** The script that makes a shell complete commands and options; files, as every shell does by itself. */
export function completionFor(shell: Shell, program: Command): string {
  const entries = entriesOf(program, '')
  switch (shell) {
    case 'bash':
      return bash(entries)
    case 'zsh':
      return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(entries)}`
    case 'fish':
      return fish(entries)
    default:
      return shell satisfies never
  }
}

function entriesOf(command: Command, path: string): Entry[] {
  const { commands, options } = command
  return [
    { path, commands, options },
    ...commands.flatMap((child) => entriesOf(child, path === '' ? child.name() : `${path} ${child.name()}`)),
  ]
}

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(({ path, commands, options }) => {
    const words = [...commands.map((command) => command.name()), ...options.flatMap(flagsOf), '--help']
    return `    ${JSON.stringify(path)}) words=${JSON.stringify(words.join(' '))} ;;`
  })
  const groups = entries.filter(({ path, commands }) => path !== '' && commands.length > 0).map(({ path }) => path)
  return `_mci() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path:$word" in
      :-*) ;;
      :*) path="$word" ;;
      ${groups.map((group) => `${group}:-*) ;;\n      ${group}:*) path="$path $word"; break ;;`).join('\n      ')}
      *) break ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  case "$previous" in
    -o|--output) words="table json yaml" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _mci mci
`
}

function fish(entries: readonly Entry[]): string {
  return entries
    .flatMap(({ path, commands, options }) => {
      const parts = path.split(' ').filter((part) => part !== '')
      const inside =
        parts.length === 0
          ? '__fish_use_subcommand'
          : parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ')
      const children = commands.map((child) => child.name()).join(' ')
      const before =
        parts.length === 0 || children === '' ? inside : `${inside}; and not __fish_seen_subcommand_from ${children}`
      return [
        ...commands.map(
          (child) => `complete -c mci -f -n ${quote(before)} -a ${child.name()} -d ${quote(child.description())}`,
        ),
        ...options.map((option) => {
          const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`
          const long = option.long === undefined ? '' : ` -l ${option.long.slice(2)}`
          const value = option.required ? ' -r' : ''
          return `complete -c mci -n ${quote(inside)}${short}${long}${value} -d ${quote(option.description)}`
        }),
      ]
    })
    .map((line) => `${line}\n`)
    .join('')
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined)
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, (character) => `\\${character}`)}'`
}
