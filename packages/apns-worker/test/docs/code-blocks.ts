import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ApnsManager } from 'apns-worker'

/** The TypeScript of one section of a page, as a function of what a reader has. */
export interface Example<Given extends readonly unknown[] = MessageExample> {
  /** The section's title, without marks. */
  readonly section: string
  readonly run: (...given: Given) => Promise<void>
}

type MessageExample = [apns: ApnsManager, token: string, pushToStartToken: string]
const MESSAGE_EXAMPLE = 'apns: import("apns-worker").ApnsManager, token: string, pushToStartToken: string'

/**
 * Compiles the code blocks of a page under `docs/` against the built package, as a reader's compiler would, and makes each a
 * function; the names that pages use for what a reader has are its parameters. The first block comes before all others,
 * and is only compiled.
 *
 * @param given the parameters of each, as they are declared
 * @throws what the compiler says, if it objects
 */
export async function compileExamples<Given extends readonly unknown[] = MessageExample>(
  page: string,
  given: string = MESSAGE_EXAMPLE,
): Promise<Example<Given>[]> {
  const text = readFileSync(new URL(`../../../../docs/${page}`, import.meta.url), 'utf8')
  // Beside the tests, so that `apns-worker` is found as they find it.
  mkdirSync(GENERATED, { recursive: true })
  const directory = mkdtempSync(join(GENERATED, 'docs-'))
  try {
    const [prelude, ...blocks] = blocksOf(text)
    if (prelude === undefined) throw new Error(`${page} has no code`)
    const source = join(directory, 'examples.ts')
    writeFileSync(source, moduleOf(prelude, blocks, given))
    compile(directory)
    const module: unknown = await import(pathToFileURL(source.replace(/\.ts$/, '.js')).href)
    const { examples } = module as { examples: Example<Given>['run'][] } // `moduleOf` exports it
    return blocks.map(({ section }, index) => {
      const run = examples[index]
      if (run === undefined) throw new Error(`a block of ${section} is lost`)
      return { section, run }
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const GENERATED = fileURLToPath(new URL('generated', import.meta.url))

interface Block {
  readonly section: string
  readonly code: string
}

function blocksOf(text: string): Block[] {
  const parts = text.split(/^## /m)
  return parts.flatMap((part, index) => {
    const section = index === 0 ? '' : (part.split('\n')[0] ?? '').replaceAll('`', '')
    return [...part.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => ({ section, code }))
  })
}

const IMPORT = /^import [\s\S]*? from '[^']+'\n/gm
const INTERFACE = /^interface [\s\S]*?^}\n/gm

function moduleOf(prelude: Block, blocks: readonly Block[], given: string): string {
  const body = ({ code }: Block): string => `{\n${code.replaceAll(IMPORT, '')}}`
  return [
    ...[prelude, ...blocks].flatMap(({ code }) => code.match(IMPORT) ?? []),
    ...(prelude.code.match(INTERFACE) ?? []),
    `export function prelude() ${body(prelude)}`,
    `export const examples: ((${given}) => Promise<void>)[] = [`,
    // A block of its own, so that an example may make what others are given.
    ...blocks.map((block) => `async (${given}) => {${body(block)}},`),
    ']',
  ].join('\n')
}

/** Strict, but for names that a section of a page leaves unused. */
function compile(directory: string): void {
  const config = {
    extends: fileURLToPath(new URL('../../../../tsconfig.base.json', import.meta.url)),
    compilerOptions: {
      composite: false,
      declaration: false,
      declarationMap: false,
      sourceMap: false,
      isolatedDeclarations: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    include: ['*.ts'],
  }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config))
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  try {
    execFileSync(process.execPath, [compiler, '-p', directory], { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    throw new Error(`the page's code does not compile:\n${(error as { stdout?: string }).stdout}`, {
      cause: error,
    })
  }
}
