/**
 * Every fence of every page, and of every doc comment: see `packages/tooling/snippets.mjs` for how each is read.
 *
 * With `DOCS_UPDATE=1` in the environment, what commands print is written into the pages instead of being compared.
 */
import * as Hurry from "@scanpoll/test-support/hurry"
import { eventTypes } from "@scanpoll/core/unstable/engine/StoredDeliveries"
import * as NotifyFile from "scanpoll/notify/NotifyFile"
import * as PlanFile from "scanpoll/config/PlanFile"
import * as Shipped from "scanpoll/vendors/Shipped"
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { parse, stringify } from "yaml"
import * as Pipelines from "./support/pipelines.ts"
import { faultsOfWorkflow } from "./support/workflow.ts"
import { withChecks } from "../../packages/tooling/doctest.mjs"
import * as Snippets from "../../packages/tooling/snippets.mjs"
import * as Check from "./support/check.ts"
import { commandsOf, difference, Session } from "./support/session.ts"
import * as Vendors from "./support/vendors.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const updating = process.env["DOCS_UPDATE"] === "1"
const prose = ["text", "mermaid", "diff", "csv", "xml"]
const known = ["ts", "js", "console", "sh", "yaml", "json", "groovy", ...prose]
const words = /^(continued|background|file=\S+)$/

let vendors: Vendors.Vendors

beforeAll(async () => {
  vendors = await Vendors.start()
  Object.assign(process.env, vendors.environment)
  await import("./support/redirect.mjs")
})
afterAll(() => vendors.stop())

const load = async (module: Snippets.Module): Promise<void> => {
  const folder = join(root, "docs/.cache/run")
  await mkdir(folder, { recursive: true })
  const { code, lines } = withChecks(module.name, module.code, "../../test/support/check.ts")
  const file = join(folder, `${module.name}.ts`)
  await writeFile(file, `${code}export {}\n`)
  await import(pathToFileURL(file).href)
  assert.deepStrictEqual(Check.missed(module.name, lines), [], "checks on these lines were not come to")
}

// A pipeline is read by the runner that people use to try theirs; it wants a repository around it.
const faultsOfPipeline = async (code: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "scanpoll-pipeline-"))
  try {
    await writeFile(join(folder, ".gitlab-ci.yml"), code)
    const git = (...args: ReadonlyArray<string>) => spawnSync("git", args, { cwd: folder })
    git("init", "-q", "-b", "main")
    git("-c", "user.name=docs", "-c", "user.email=docs@example.com", "commit", "-q", "--allow-empty", "-m", "empty")
    git("remote", "add", "origin", "git@gitlab.com:docs/docs.git")
    const bin = fileURLToPath(new URL("../node_modules/.bin/gitlab-ci-local", import.meta.url))
    const answer = spawnSync(bin, ["--list-csv"], { cwd: folder, encoding: "utf8" })
    return answer.status === 0 ? "" : `${answer.stdout}${answer.stderr}`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const readData = async ({ code, page }: Snippets.Block): Promise<void> => {
  const value: unknown = parse(code)
  const entries = isRecord(value) ? Object.entries(value) : []
  const has = (name: string) => entries.some(([key]) => key === name)
  if (has("targets")) {
    assert.deepStrictEqual(PlanFile.parse(code, page, Shipped.all, { looksOnly: true }).faults, [])
  } else if (has("receivers")) {
    assert.deepStrictEqual(NotifyFile.parse(code, page).faults, [])
  } else if (has("timestamp")) {
    assert.include<unknown>(eventTypes, isRecord(value) ? value["type"] : null)
  } else if (has("pool")) {
    assert.deepStrictEqual(Pipelines.faultsOfAzure(code), [])
  } else if (has("jobs")) {
    assert.deepStrictEqual(await faultsOfWorkflow(code), [])
  } else if (Array.isArray(value)) {
    // The steps of a job.
    const workflow = { on: "push", jobs: { scan: { "runs-on": "ubuntu-latest", steps: value } } }
    assert.deepStrictEqual(await faultsOfWorkflow(stringify(workflow)), [])
  } else if (entries.some(([, job]) => isRecord(job) && "script" in job)) {
    assert.strictEqual(await faultsOfPipeline(code), "")
  } else {
    assert.fail("neither a plan, nor receivers, nor a workflow, nor a pipeline: nothing reads this")
  }
}

// It shows by what each poll was timed: the work beside it takes too long in a time that is hurried.
const inRealTime = ["docs/guides/observability.md"]

// The terminal of a page, opened by its first command.
class Terminal {
  readonly #page: string
  #opened: Promise<{ readonly session: Session; readonly vendors: Vendors.Vendors }> | undefined
  readonly updates: Array<{ readonly block: Snippets.Block; readonly text: string }> = []

  constructor(page: string) {
    this.#page = page
  }

  session(): Promise<Session> {
    this.#opened ??= (async () => {
      const isHurried = !inRealTime.includes(this.#page)
      const own = await Vendors.start(isHurried ? Hurry.now : undefined)
      const session = new Session(this.#page, own.environment, isHurried)
      await session.open()
      return { session, vendors: own }
    })()
    return this.#opened.then(({ session }) => session)
  }

  async type(block: Snippets.Block): Promise<void> {
    const session = await this.session()
    const commands = commandsOf(block.lang, block.code)
    if (block.words.includes("background")) {
      const [only, ...others] = commands
      if (only === undefined || others.length > 0) throw new Error("one command runs in the background")
      const said = await session.background(only.command, only.shown.length)
      return this.#compare(block, [{ ...only, said }])
    }
    const steps = await session.run(commands.map(({ command }) => command))
    if (block.lang === "sh") {
      for (const { code, command, said } of steps) {
        assert.notInclude([-1, 2, 70, 126, 127], code, `${command}\n${said}`)
      }
      return
    }
    this.#compare(
      block,
      steps.map((step, index) => ({ ...step, shown: commands[index]?.shown ?? [] }))
    )
  }

  #compare(
    block: Snippets.Block,
    steps: ReadonlyArray<{ readonly command: string; readonly said: string; readonly shown: ReadonlyArray<string> }>
  ): void {
    const faults = steps.flatMap(({ command, said, shown }) => {
      const fault = difference(shown, said)
      return fault === null ? [] : [`$ ${command}\n${fault}`]
    })
    if (faults.length === 0) return
    if (!updating) assert.fail(faults.join("\n\n"))
    const text = steps
      .map(({ command, said, shown }) => {
        const body = difference(shown, said) === null ? shown.join("\n") : said.trimEnd()
        const typed = `$ ${command.replaceAll("\n", "\n> ")}`
        return body.trimEnd() === "" ? typed : `${typed}\n${body.trimEnd().replaceAll(/[ \t]+$/gm, "")}`
      })
      .join("\n")
    this.updates.push({ block, text: `${text}\n` })
  }

  async close(): Promise<void> {
    const { session, vendors } = (await this.#opened) ?? {}
    await session?.close()
    await vendors?.stop()
    if (this.updates.length === 0) return
    let page = readFileSync(join(root, this.#page), "utf8")
    for (const { block, text } of this.updates) page = page.replace(block.code, () => text)
    writeFileSync(join(root, this.#page), page)
  }
}

type Case = readonly [name: string, run: () => Promise<unknown>]

// Each fence as the tests it makes.
const casesOf = (terminal: Terminal, blocks: ReadonlyArray<Snippets.Block>): Array<Case> => {
  // A page is one story: each of its commands finds what those before it left behind.
  let before: Promise<unknown> = Promise.resolve()
  const inTurn = (run: () => Promise<unknown>) => () => {
    const done = before.then(run)
    before = done.catch(() => undefined)
    return done
  }
  const modules = Snippets.modulesOf(blocks)
    .filter(({ file, unrun }) => file === undefined && unrun === undefined)
    .map((module): Case => [`line ${module.line}: the code runs, and its values are those shown`, () => load(module)])
  const others = blocks.flatMap((block): ReadonlyArray<Case> => {
    const { file, lang, line, unrun } = block
    const understood: Case = [
      `line ${line}: it is known how to read it`,
      async () => {
        assert.include(known, lang)
        for (const word of prose.includes(lang) ? [] : block.words) assert.match(word, words)
      }
    ]
    if (unrun !== undefined || prose.includes(lang)) return [understood]
    const cases: Array<Case> = [understood]
    if (file !== undefined) {
      const write = async () => (await terminal.session()).write(file, block.code)
      cases.push([`line ${line}: ${file} is there for the commands below`, inTurn(write)])
    }
    if (lang === "console") {
      cases.push([`line ${line}: the commands print what is shown`, inTurn(() => terminal.type(block))])
    }
    if (lang === "sh") {
      cases.push([`line ${line}: the commands are understood`, inTurn(() => terminal.type(block))])
    }
    if (lang === "groovy") {
      cases.push([
        `line ${line}: what it configures understands it`,
        async () => assert.deepStrictEqual(Pipelines.faultsOfJenkins(block.code), [])
      ])
    }
    if (lang === "yaml" || lang === "json") {
      cases.push([`line ${line}: what it configures understands it`, () => readData(block)])
    }
    return cases
  })
  return [...modules, ...others]
}

const everything = [
  ...Snippets.pages(root).map((name) => [name, Snippets.blocksOf(root, name)] as const),
  ...Map.groupBy(Snippets.blocksOfSources(root), (block) => block.page)
].filter(([, blocks]) => blocks.length > 0)

it("no page shows a module that may change in any release", () => {
  const shown = everything
    .filter(([name]) => !name.startsWith("packages/core/src/"))
    .flatMap(([name, blocks]) =>
      blocks
        .filter(({ code, lang }) => lang === "ts" && /"@scanpoll\/core\/unstable\//.test(code))
        .map(({ line }) => `${name}:${line}`)
    )
  assert.deepStrictEqual(shown, [])
})

describe.concurrent.each(everything)("%s", (name, blocks) => {
  const terminal = new Terminal(name)
  afterAll(() => terminal.close(), 20_000)
  // oxlint-disable-next-line vitest/expect-expect -- each case makes its own
  it.each(casesOf(terminal, blocks))("%s", async (_, run) => {
    await run()
  })
})
