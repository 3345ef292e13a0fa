import { Composer, Lexer, LineCounter, Parser, type Document } from 'yaml'
import { plainValue } from './yaml-value.ts'
import { createReport, type Report } from './report.ts'

/** Largest message, in bytes of UTF-8. What aliases expand to counts against the same number of characters. */
export const maxManifestBytes = 256 * 1024
/** Most documents in a message, empty ones included. */
export const maxDocuments = 100
/** How deep mappings and lists may nest. */
export const maxDepth = 50
/**
 * Most lexical pieces (words, signs, spaces, line ends): what keeps the parser's time and memory bounded for hostile text.
 * A good manifest of the largest size has fewer, in the tersest block style too.
 */
const maxLexemes = 130_000
/** The parser's own stack holds a few entries besides the nesting; `maxDepth` itself is checked on the values. */
const maxParserStack = maxDepth + 14

type CstToken = ReturnType<Parser['parse']> extends Generator<infer T> ? T : never

/** One YAML or JSON document of a message. */
export interface ManifestDocument {
  /** Counted from 1, as people count. */
  number: number
  /** Plain JSON values. When `readable` is false, what could be made out: good for naming the object meant, no more. */
  value: unknown
  readable: boolean
}

/**
 * Splits a message into its documents and reads them as YAML 1.2 (JSON is a subset). Empty documents are passed over.
 * Every refusal goes to the report; a document that cannot be read hides no other. Time and memory are bounded by the
 * limits above whatever the text.
 */
export function readDocuments(text: string, report: Report): ManifestDocument[] {
  if (text.length > maxManifestBytes || Buffer.byteLength(text, 'utf8') > maxManifestBytes) {
    report.problem(
      'message',
      `The manifest is larger than ${maxManifestBytes / 1024} KiB; split it into several messages.`,
    )
    return []
  }
  if (!text.isWellFormed()) {
    report.problem('message', 'The manifest is not well-formed Unicode text; publish it as UTF-8.')
    return []
  }
  const lines = new LineCounter()
  const tokens = tokenize(text, lines, report)
  if (tokens === null) return []
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    // Compared pair by pair in the library, which takes minutes for a hostile mapping; yaml-value.ts checks it.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  })
  const composed = withoutStackTraces(() => [...composer.compose(tokens, false, text.length)])
  return composed
    .map((document, index) => readDocument(document, index + 1, lines, report))
    .filter((document) => document !== null)
}

/**
 * The library makes an Error for every fault, and a hostile text has a hundred thousand: without their stack traces they
 * cost a quarter of the time and memory. Nothing else can run in between, since `work` is synchronous.
 */
function withoutStackTraces<T>(work: () => T): T {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = before
  }
}

/** The concrete syntax, checked for depth and size while it is built: composing recurses, so it must not be deep. */
function tokenize(text: string, lines: LineCounter, report: Report): CstToken[] | null {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  const tokens: CstToken[] = []
  let lexemes = 0
  let documents = 0
  const refuse = (message: string): null => {
    report.problem('message', message)
    return null
  }
  const take = (token: CstToken): void => {
    if (token.type === 'document') documents += 1
    tokens.push(token)
  }
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1
    if (lexemes > maxLexemes)
      return refuse(`The manifest has more than ${maxLexemes} words and signs; split it into several messages.`)
    for (const token of parser.next(lexeme)) take(token)
    if (parser.stack.length > maxParserStack)
      return refuse(
        `The manifest nests mappings and lists deeper than ${maxDepth} levels, at line ${lines.linePos(parser.offset).line}.`,
      )
    if (documents > maxDocuments)
      return refuse(`The manifest has more than ${maxDocuments} documents; split it into several messages.`)
  }
  for (const token of parser.end()) take(token)
  if (documents > maxDocuments)
    return refuse(`The manifest has more than ${maxDocuments} documents; split it into several messages.`)
  // A directive can change the rules by which the text is read (%YAML 1.1 brings merge keys back).
  const directive = tokens.find((token) => token.type === 'directive')
  if (directive !== undefined)
    return refuse(
      `The manifest has a YAML directive at line ${lines.linePos(directive.offset).line}; leave lines that begin with '%' out.`,
    )
  return tokens
}

function readDocument(
  document: Document.Parsed,
  number: number,
  lines: LineCounter,
  report: Report,
): ManifestDocument | null {
  const where = `document ${number}`
  const faults = [...document.errors, ...document.warnings]
  for (const fault of faults.slice(0, 3)) {
    const { line, col } = lines.linePos(fault.pos[0])
    report.problem(
      where,
      `The YAML cannot be read at line ${line}, column ${col}: ${fault.message.replace(/\.?$/, '.')}`,
    )
  }
  if (faults.length > 3) report.problem(where, `The YAML has ${faults.length - 3} further faults.`)
  const limits = { depth: maxDepth, nodes: maxLexemes, characters: maxManifestBytes }
  if (faults.length > 0) {
    // What the faults left of it is told to nobody; it only says which object was meant.
    return { number, value: plainValue(document.contents, where, createReport(), limits).value, readable: false }
  }
  const own = createReport(report)
  const { value, whole } = plainValue(document.contents, `${where}: `, own, limits)
  if (value === null && own.problems.length === 0) return null
  return { number, value, readable: whole }
}
