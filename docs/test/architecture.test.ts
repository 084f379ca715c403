/** `docs/architecture.md` leads to rooms that exist: every file, folder and name that it mentions. */
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path/posix"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const root = fileURLToPath(new URL("../../", import.meta.url))
const read = (path: string): string => readFileSync(new URL(path, `file://${root}`), "utf8")
const page = read("docs/architecture.md").replaceAll(/^```.*?^```$/gms, "")
const section = (title: string): string => page.split(`\n## ${title}\n`)[1]?.split("\n## ")[0] ?? ""

const sources = globSync("packages/{*,vendors/*}/src/**/*.ts", { cwd: root })
const code = (text: string): ReadonlyArray<string> => [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word)
const isPath = (word: string): boolean => /^[\w./-]+(?:\.ts|\/)$/.test(word) && !/\b(?:Name|X)[A-Z]/.test(word)

// A path is written as far as it takes to know which is meant.
const exists = (path: string): boolean =>
  existsSync(new URL(path, `file://${root}`)) ||
  existsSync(new URL(`packages/${path}`, `file://${root}`)) ||
  sources.some((file) =>
    `/${path.endsWith("/") ? `${file.slice(0, file.lastIndexOf("/"))}/` : file}`.endsWith(`/${path}`)
  )

const rooms = (title: string): ReadonlyArray<string> =>
  [...section(title).matchAll(/^\| (`.+?`(?:, `.+?`)*) \|/gm)].flatMap(([, cell = ""]) => code(cell))

describe("docs/architecture.md", () => {
  it("names only files and folders that exist", () => {
    const named = code(page).filter(isPath)
    assert.isAbove(named.length, 60)
    const plain = named.map((word) => word.replace(/^(?:\.\.\/)+/, "engine/"))
    assert.deepStrictEqual(
      plain.filter((word) => !exists(word)),
      []
    )
  })

  it("lists the rooms of the engine at the place that it names for them", () => {
    const engine = "packages/core/src/engine/internal/"
    assert.isAbove(rooms("The rooms of the engine").length, 25)
    for (const room of rooms("The rooms of the engine")) assert.isTrue(sources.includes(join(engine, room)), room)
  })

  it("lists the rooms of the command at the place that it names for them", () => {
    for (const room of rooms("The rooms of the command"))
      assert.isTrue(existsSync(new URL(`packages/cli/src/${room}`, `file://${root}`)), room)
  })

  it("leaves out no room of the engine", () => {
    const inside = globSync("packages/core/src/engine/internal/*.ts", { cwd: root })
    const said = section("The rooms of the engine")
    const left = inside.map((file) => file.slice(file.lastIndexOf("/") + 1)).filter((file) => !said.includes(file))
    assert.deepStrictEqual(left, [])
  })

  it("finds each module imported once, under one name, in every file of the sources", () => {
    const twice = sources.flatMap((file) => {
      const from = [...read(file).matchAll(/^(?:import\b[^"\n]*|(?<=^import (?:type )?\{[^}]*)\} from )"([^"]+)"/gm)]
      const names = from.map(([, name = ""]) => name)
      return names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${file}: ${name}`)
    })
    assert.deepStrictEqual(twice, [])
  })

  it("says where ten of the commonest changes begin, and the code has each name it starts from", () => {
    const rows = [...section("Where to start").matchAll(/^\| ([^|-][^|]*) \| ([^|]+) \|/gm)].slice(1)
    assert.isAtLeast(rows.length, 10)
    for (const [, change = "", start = ""] of rows) {
      const [path, ...names] = code(start)
      if (path === undefined || !isPath(path)) continue
      const file = sources.find((source) => source === `packages/${path}` || source.endsWith(`/${path}`))
      if (file === undefined) continue
      const text = read(file)
      for (const name of names)
        if (/^\w+$/.test(name)) assert.match(text, new RegExp(`\\b${name}\\b`), `${change}: ${name}`)
    }
  })
})
