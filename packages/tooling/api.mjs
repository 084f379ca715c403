/**
 * Writes the API reference: a page per package under `docs/api`, with what each module offers, in the words of its doc
 * comments and with the types the compiler sees. The pages are committed, so a change of what users see is a line of a
 * diff; `--check` writes nothing and fails where a page is not what the code says.
 *
 * Refuses, in both ways, an export without a text, `@since` or one known `@category`, and a module without a head.
 * Whatever is `@internal` or under `internal/` does not show.
 *
 *     node packages/tooling/api.mjs [--check] [root]
 *
 * Reads the declarations that the type check built.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { spawnSync } from "node:child_process"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import process from "node:process"
import { parseSync } from "oxc-parser"
import { published, root } from "./published.mjs"

/** @import { Published } from "./published.mjs" */

const at = resolve(process.argv.slice(2).find((word) => !word.startsWith("--")) ?? root)

const categories = [
  "models",
  "schemas",
  "errors",
  "constants",
  "guards",
  "constructors",
  "combinators",
  "destructors",
  "services",
  "layers"
]

/**
 * @typedef {{ text: string, tags: ReadonlyArray<{ name: string, text: string }> }} Doc
 * @typedef {{ names: ReadonlyArray<string>, exported: boolean, doc: Doc | undefined, code: string }} Part
 * @typedef {{ path: string, doc: Doc | undefined, parts: ReadonlyArray<Part> }} Module
 */

/** @type {Array<string>} */
const faults = []

/**
 * @param {string} comment the inside of a doc comment
 * @returns {Doc}
 */
const readDoc = (comment) => {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\*? ?/, "").trimEnd())
  const first = lines.findIndex((line) => /^@\w/.test(line))
  const text = (first === -1 ? lines : lines.slice(0, first)).join("\n").trim()
  /** @type {Array<{ name: string, text: string }>} */
  const tags = []
  for (const line of first === -1 ? [] : lines.slice(first)) {
    const tag = /^@(\w+)\s*(.*)$/.exec(line)
    const last = tags.at(-1)
    if (tag !== null) tags.push({ name: tag[1] ?? "", text: tag[2] ?? "" })
    else if (last !== undefined) tags[tags.length - 1] = { name: last.name, text: `${last.text}\n${line}`.trim() }
  }
  return { text, tags }
}

/**
 * @param {Doc | undefined} doc
 * @param {string} name
 */
const tagged = (doc, name) => doc?.tags.filter((tag) => tag.name === name).map((tag) => tag.text) ?? []

/**
 * The names that a declaration gives.
 *
 * @param {import("oxc-parser").Statement} declaration
 * @returns {ReadonlyArray<string>}
 */
const namesOf = (declaration) => {
  if (declaration.type === "VariableDeclaration")
    return declaration.declarations.flatMap(({ id }) => (id.type === "Identifier" ? [id.name] : []))
  return "id" in declaration && declaration.id !== null && "name" in declaration.id ? [declaration.id.name] : []
}

/**
 * The doc comments of a file and the syntax they stand in.
 *
 * @param {string} file
 * @param {"ts" | "dts"} lang
 */
const parse = (file, lang) => {
  const source = readFileSync(file, "utf8").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n")
  const { program, comments, errors } = parseSync(file, source, { lang })
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)
  const docs = comments.filter(({ type, value }) => type === "Block" && value.startsWith("*"))
  return { source, body: program.body, docs }
}

/**
 * What a source opens with. Before the first declaration of a file without imports stand two comments: the file's and
 * its own.
 *
 * @param {string} file
 */
const readHead = (file) => {
  const { body, docs } = parse(file, "ts")
  const first = body[0]
  const own = docs.filter(({ end }) => first === undefined || end <= first.start)
  const head = own[0]
  if (head === undefined || head.start > 0) return undefined
  const alone = first !== undefined && first.type !== "ImportDeclaration" && own.length < 2
  return alone && !file.endsWith("index.ts") ? undefined : readDoc(head.value.slice(1))
}

/** @param {unknown} value @returns {value is { type: string, start: number, end: number }} */
const isNode = (value) =>
  typeof value === "object" && value !== null && "type" in value && "start" in value && "end" in value

/** @param {object} node @returns {ReadonlyArray<{ type: string, start: number, end: number }>} */
const childrenOf = (node) =>
  Object.values(node)
    .flat()
    .filter(isNode)
    .toSorted((a, b) => a.start - b.start)

/**
 * The text of a node with the members of each union in the order of the alphabet: the compiler prints those that it infers as
 * it came upon them, which is another order on another machine.
 *
 * @param {string} source
 * @param {{ type: string, start: number, end: number }} node
 * @returns {string}
 */
const inOrder = (source, node) => {
  const children = childrenOf(node)
  if (node.type === "TSUnionType")
    return children
      .map((child) => inOrder(source, child))
      .toSorted()
      .join(" | ")
  let text = ""
  let at = node.start
  for (const child of children) {
    // A shorthand says one thing under two names.
    if (child.start < at) continue
    text += source.slice(at, child.start) + inOrder(source, child)
    at = child.end
  }
  return text + source.slice(at, node.end)
}

/**
 * @param {string} path of the module, such as `engine/Scans`
 * @param {string} folder of the package
 * @returns {Module}
 */
const readModule = (path, folder) => {
  const head = readHead(join(folder, "src", `${path}.ts`))
  const { source, body, docs } = parse(join(folder, "dist", `${path}.d.ts`), "dts")
  /** @type {Array<Part>} */
  const parts = []
  let before = 0
  for (const statement of body) {
    const own = docs
      .filter(({ start, end }) => start >= before && end <= statement.start)
      .map((it) => readDoc(it.value.slice(1)))
    before = statement.end
    // The compiler leaves the file's comment out together with an import that only its code needs.
    const doc = own.findLast((one) => one.text !== head?.text)
    if (statement.type === "ImportDeclaration" || tagged(doc, "internal").length > 0) continue
    const code = source.slice(statement.start, statement.end)
    if (statement.type === "ExportNamedDeclaration" && statement.declaration !== null) {
      parts.push({ names: namesOf(statement.declaration), exported: true, doc, code })
    } else if (statement.type === "ExportNamedDeclaration" || statement.type === "ExportAllDeclaration") {
      if (statement.source === null) continue
      const internal = /^\.\/(internal\/.+)\.ts$/.exec(statement.source.value)?.[1]
      if (internal !== undefined && statement.type === "ExportNamedDeclaration")
        parts.push(...passedOn(statement, join(dirname(path), internal), folder))
      else parts.push({ names: [], exported: true, doc, code })
    } else {
      parts.push({
        names: namesOf(statement),
        exported: false,
        doc,
        code: inOrder(source, statement)
      })
    }
  }
  return { path, doc: head, parts }
}

/**
 * What a module passes on from an internal one of its own: nobody else can import it, so it is documented where it is
 * offered, as its own.
 *
 * @param {import("oxc-parser").ExportNamedDeclaration} statement
 * @param {string} path of the internal module
 * @param {string} folder of the package
 * @returns {ReadonlyArray<Part>}
 */
const passedOn = (statement, path, folder) => {
  const names = statement.specifiers.flatMap(({ local }) => (local.type === "Identifier" ? [local.name] : []))
  const { parts } = readModule(path, folder)
  return parts.filter(({ exported, names: own }) =>
    own.some((name) => names.includes(exported ? name : name.replace(/_base(_\d+)?$/, "")))
  )
}

/**
 * @param {Published} one
 * @returns {ReadonlyArray<Module>}
 */
const readPackage = (one) =>
  ["index", ...one.modules, ...one.unstable].map((path) => {
    if (!existsSync(join(one.folder, "dist", `${path}.d.ts`)))
      throw new Error(`${one.name} is not built, ${path} is missing: run the check first`)
    return readModule(path, one.folder)
  })

/**
 * @param {string} name of the package
 * @param {Module} module
 */
const inspect = (name, { path, doc, parts }) => {
  const where = `${name}/${path}`
  if (path === "index") return 0
  if (doc === undefined || doc.text === "") faults.push(`${where}: the file does not open with what it is`)
  const exported = parts.filter((part) => part.exported && part.names.length > 0)
  // Of a value and a type of one name, one says it for both.
  const said = new Set(exported.filter((part) => (part.doc?.text ?? "") !== "").flatMap((part) => part.names))
  const seen = new Set()
  for (const part of exported) {
    const label = `${where}: ${part.names.join(", ")}`
    const overload = part.names.every((one) => seen.has(`${one} function`)) && part.code.includes(" function ")
    for (const one of part.names) seen.add(`${one}${part.code.includes(" function ") ? " function" : ""}`)
    if (overload) continue
    for (const one of part.names) {
      if (!said.has(one)) faults.push(`${where}: ${one}: has no doc comment that says what it is`)
      said.add(one)
    }
    // Where the value of the same name says it all, its type may stand without a comment.
    if (part.doc === undefined && part.names.every((one) => said.has(one))) continue
    const since = tagged(part.doc, "since")
    if (since.length !== 1 || !/^\d+\.\d+\.\d+$/.test(since[0] ?? "")) faults.push(`${label}: has no @since`)
    const category = tagged(part.doc, "category")
    if (category.length !== 1 || !categories.includes(category[0] ?? ""))
      faults.push(`${label}: wants one @category of ${categories.join(", ")}, and has ${category.join(", ") || "none"}`)
  }
  return exported.length
}

/** @param {string} text */
const prose = (text) =>
  text
    .replaceAll(/\{@link\s+(https?:\S+?)\s*\}/g, "<$1>")
    .replaceAll(/\{@link\s+([^}|]+?)\s*(?:\|[^}]*)?\}/g, "`$1`")
    .replaceAll(/^```ts$/gm, "```typescript")

/** @param {Doc | undefined} doc */
const paragraphs = (doc) => [
  ...(doc === undefined || doc.text === "" ? [] : [prose(doc.text)]),
  ...(doc?.tags ?? [])
    .filter((tag) => tag.name === "example" || tag.name === "see" || tag.name === "deprecated")
    .map((tag) => (tag.name === "see" ? `See ${prose(tag.text)}` : prose(tag.text)))
]

/** @param {string} path */
const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1)

/** @param {string} text the id that a heading gets where Markdown is shown */
const slug = (text) =>
  text
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(/\s/g, "-")

/** @param {string} text */
const firstSentence = (text) => (/^.*?[.:](?=\s|$)/s.exec(text)?.[0] ?? text).replace(/:$/, ".").replaceAll("\n", " ")

/** @param {ReadonlyArray<string>} code */
const fence = (code) => ["```typescript", ...code.map((block) => block.trim()), "```"].join("\n")

/**
 * What declares a name, and beside a class the base it extends.
 *
 * @param {Module} module
 */
const groups = ({ parts }) => {
  /** @type {Map<string, Array<Part>>} */
  const found = new Map()
  /** @type {Array<Part>} */
  const rest = []
  const exported = new Set(parts.filter((part) => part.exported).flatMap((part) => part.names))
  for (const part of parts) {
    const name = part.names.join(", ")
    const owner = part.exported ? name : name.replace(/_base(_\d+)?$/, "")
    if (name === "" || !(part.exported || exported.has(owner))) rest.push(part)
    else found.set(owner, [...(found.get(owner) ?? []), part])
  }
  return { found, rest }
}

/**
 * The modules that `index` offers under their names.
 *
 * @param {ReadonlyArray<Module>} modules
 */
const reexportsOf = (modules) =>
  new Set(
    modules
      .find((module) => module.path === "index")
      ?.parts.flatMap((part) => [...part.code.matchAll(/export \* as (\w+) from "\.\/(.*)\.ts"/g)].map((it) => it[2]))
  )

/**
 * @param {Published} one
 * @param {ReadonlyArray<Module>} modules
 * @param {boolean} isUnstable whether the page is that of the modules under `unstable`
 */
const page = (one, modules, isUnstable) => {
  const index = modules.find((module) => module.path === "index")
  const reexports = reexportsOf(modules)
  const listed = modules.filter(({ path }) => path !== "index" && one.unstable.includes(path) === isUnstable)
  const from = isUnstable ? `${one.name}/unstable` : one.name
  const lines = [
    `# ${from}`,
    "",
    isUnstable
      ? `What the packages around \`${one.name}\` are built with. It may change in any release.`
      : one.description,
    "",
    "Written by `npm run api` from the code; not to be edited. All pages: [the reference](README.md).",
    "",
    "| module | what it is | its values |",
    "|---|---|---|",
    ...listed.map(
      (module) =>
        `| [${module.path}](#${slug(module.path)}) | ${prose(firstSentence(module.doc?.text ?? ""))} | ${valuesOf(
          module
        )
          .map((value) => `\`${value}\``)
          .join(", ")} |`
    ),
    ...(isUnstable
      ? []
      : ["", `What \`${one.name}\` itself gives:`, "", fence((index?.parts ?? []).map((part) => part.code).toSorted())])
  ]
  for (const module of listed) {
    const name = nameOf(module.path)
    const ways = [`import * as ${name} from "${from}/${module.path}"`]
    if (reexports.has(module.path)) ways.push(`import { ${name} } from "${one.name}"`)
    lines.push("", `## ${module.path}`, "", ...paragraphs(module.doc).flatMap((text) => [text, ""]), fence(ways))
    const { found, rest } = groups(module)
    for (const [label, parts] of found) {
      const docs = parts.map((part) => part.doc).filter((doc) => doc !== undefined)
      const category = [...new Set(docs.flatMap((doc) => tagged(doc, "category")))].join(", ")
      const since = [...new Set(docs.flatMap((doc) => tagged(doc, "since")))].join(", ")
      lines.push("", `### ${name}.${label}`, "", `*${category} · since ${since}*`, "")
      for (const text of new Set(docs.flatMap(paragraphs))) lines.push(text, "")
      lines.push(fence(parts.map((part) => part.code)))
    }
    const passedOn = rest.filter(({ code }) => /^export (type )?\{/.test(code))
    const hidden = rest.filter((part) => !passedOn.includes(part))
    if (passedOn.length > 0)
      lines.push("", "Passed on as they are:", "", fence(passedOn.map((part) => part.code).toSorted()))
    if (hidden.length > 0)
      lines.push("", "Named in these types and not exported:", "", fence(hidden.map((part) => part.code).toSorted()))
  }
  return `${lines.join("\n")}\n`
}

/**
 * The values of a module, in the order of its source: what a program calls.
 *
 * @param {Module} module
 */
const valuesOf = ({ parts }) => [
  ...new Set(
    parts
      .filter((part) => part.exported && !/^export (declare )?(type|interface|class) /.test(part.code))
      .flatMap((part) => part.names)
  )
]

/**
 * @param {Published} one
 * @param {ReadonlyArray<Module>} modules
 */
const chapter = (one, modules) => {
  const listed = modules.filter(({ path }) => one.modules.includes(path))
  /** @type {(path: string) => string} */
  const folderOf = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")))
  return [
    "",
    `## [${one.name}](${pageOf(one)})`,
    "",
    one.description,
    ...[...Map.groupBy(listed, ({ path }) => folderOf(path))].flatMap(([folder, group]) => [
      "",
      `| ${folder === "" ? "module" : `\`${folder}/\``} | what it is |`,
      "|---|---|",
      ...group.map(
        ({ doc, path }) =>
          `| [${nameOf(path)}](${pageOf(one)}#${slug(path)}) | ${prose(firstSentence(doc?.text ?? ""))} |`
      )
    ]),
    ...(one.unstable.length === 0
      ? []
      : [
          "",
          `${one.unstable.length} more modules are under [\`${one.name}/unstable\`](${unstablePageOf(one)}): the packages beside it need them, and they may`,
          "change in any release."
        ])
  ]
}

/**
 * The vendors' packages have the same modules: a line each says enough.
 *
 * @param {ReadonlyArray<readonly [Published, ReadonlyArray<Module>]>} vendors
 */
const adapters = (vendors) => [
  "",
  "## The adapters",
  "",
  "A package a vendor: its definition (`XVendor`), what it is asked and answers (`XSchema`), and what goes with them.",
  "",
  "| package | what it is | its modules |",
  "|---|---|---|",
  ...vendors.map(
    ([one]) =>
      `| [${one.name}](${pageOf(one)}) | ${one.description} | ${one.modules.map((path) => `\`${path}\``).join(", ")} |`
  )
]

/**
 * @param {ReadonlyArray<readonly [Published, ReadonlyArray<Module>]>} libraries
 * @param {number} exported
 */
const overview = (libraries, exported) =>
  [
    "# The API reference",
    "",
    "Every public module on one page, in five minutes; what a module offers is on the page of its package. Written by",
    "`npm run api` from the code; not to be edited.",
    "",
    "A program needs four things: an adapter (`AppVet`, `Exona`, `Compliance` or your own), a journal",
    "(`ScanJournal.layerMemory`, or a durable one of `@scanpoll/journal`), `VendorHttp.layer`, and `Scans`, which runs the scans.",
    "[Start here](../guides/start.md) has that program. Then, by what you want to do:",
    "",
    "- choose when to poll: `PollPolicy`, with `Preview` to see the times before anything is bought;",
    "- read what came back: `ScanOutcome`, `PollStopped` and `SubmitError`; `ScanRecord` for a batch;",
    "- add a vendor: `Vendor.define`, with `Wire` for the fields of its answers; it makes a `ScanAdapter`;",
    "- keep what was bought over a restart: a journal of `@scanpoll/journal`, by its address (`Journal.layer`);",
    "- accept or refuse a run, and show it: `ScanReport.fromRecords` with a `Gate` policy, rendered by `Format`;",
    "- do without Effect: `createScanpoll` of `@scanpoll/promise`;",
    "- poll from many machines: `Worker`, `Client` and `SharedBudget` of `@scanpoll/cluster`;",
    "- test without paying: the simulators of `@scanpoll/testkit`, and its conformance suite for your own adapter;",
    "- poll something that is no scan: `Poller`, or `Fleet` for thousands of them.",
    "",
    'A module is imported by its path (`import * as Scans from "@scanpoll/core/engine/Scans"`) or from its package',
    '(`import { Scans } from "@scanpoll/core"`). The pages of the packages hold every type and doc comment; the gates compare',
    "them with the code, so each change of what users see is a line of a diff here.",
    ...libraries.filter(([one]) => !isVendor(one)).flatMap(([one, modules]) => chapter(one, modules)),
    ...adapters(libraries.filter(([one]) => isVendor(one))),
    "",
    `${exported} exports in ${libraries.reduce((sum, [one]) => sum + one.modules.length, 0)} modules. The command \`scanpoll\` is a package too and offers no module.`,
    ""
  ].join("\n")

/** @param {Published} one */
const isVendor = (one) => /[\\/]vendors[\\/][^\\/]+$/.test(one.folder)

/** @param {Published} one */
const pageOf = (one) => `${one.name.replace(/^@scanpoll\//, "")}.md`

/** @param {Published} one */
const unstablePageOf = (one) => pageOf(one).replace(/\.md$/, "-unstable.md")

/**
 * A package that names its modules one by one names each of them twice more: in `publishConfig`, and in its index.
 *
 * @param {Published} one
 * @param {ReadonlyArray<Module>} modules
 */
const inspectManifest = (one, modules) => {
  const { exports, publishConfig } = JSON.parse(readFileSync(join(one.folder, "package.json"), "utf8"))
  if (exports?.["./unstable/*"] === undefined) return
  const reexports = reexportsOf(modules)
  const paths = Object.keys(exports).filter((path) => /^\.\/(?!unstable\/)[\w/]+$/.test(path))
  for (const path of paths)
    if (!one.modules.includes(path.slice(2))) faults.push(`${one.name}: exports has ${path}, and no such file`)
  for (const path of one.modules)
    if (!reexports.has(path)) faults.push(`${one.name}: exports has ${path}, and index.ts does not`)
  for (const path of one.unstable)
    if (reexports.has(path)) faults.push(`${one.name}: index.ts has ${path}, and exports does not`)
  const missing = Object.keys(exports).filter((path) => publishConfig.exports[path] === undefined)
  for (const path of missing) faults.push(`${one.name}: publishConfig.exports does not have ${path}`)
}

/**
 * The code of all modules in the house's format: the compiler prints a signature on one line, however long.
 *
 * @param {ReadonlyArray<readonly [string, ReadonlyArray<Module>]>} packages by name
 */
const format = (packages) => {
  const scratch = mkdtempSync(join(tmpdir(), "scanpoll-api-"))
  const between = "// ---- part\n"
  try {
    writeFileSync(join(scratch, ".oxfmtrc.json"), readFileSync(join(root, ".oxfmtrc.json"), "utf8"))
    /** @type {(name: string, module: Module) => string} */
    const place = (name, module) => join(scratch, name, `${module.path}.ts`)
    for (const [name, modules] of packages)
      for (const module of modules) {
        mkdirSync(dirname(place(name, module)), { recursive: true })
        const code = module.parts.map((part) => part.code)
        writeFileSync(place(name, module), code.map((one) => `${between}${one}\n`).join("\n"))
      }
    const oxfmt = join(root, "node_modules/oxfmt/bin/oxfmt")
    const answer = spawnSync(process.execPath, [oxfmt, "."], { cwd: scratch, encoding: "utf8", timeout: 60_000 })
    if (answer.status !== 0) throw new Error(`oxfmt: ${answer.error?.message ?? answer.stderr}`)
    return packages.map(([name, modules]) =>
      modules.map((module) => {
        const blocks = readFileSync(place(name, module), "utf8").split(between).slice(1)
        if (blocks.length !== module.parts.length) throw new Error(`${name}/${module.path}: lost in formatting`)
        const parts = module.parts.map((part, index) => ({ ...part, code: bare(blocks[index] ?? "") }))
        return { ...module, parts }
      })
    )
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** @param {string} code */
const bare = (code) => code.trim().replace(/^(export )?declare /, "$1")

const main = () => {
  const libraries = published(at).filter((one) => !one.isCommand)
  const read = libraries.map((one) => /** @type {const} */ ([one.name, readPackage(one)]))
  let count = 0
  for (const [index, one] of libraries.entries()) {
    const modules = read[index]?.[1] ?? []
    inspectManifest(one, modules)
    for (const module of modules) {
      const exported = inspect(one.name, module)
      if (!one.unstable.includes(module.path)) count += exported
    }
  }
  const formatted = format(read)
  const folder = join(at, "docs/api")
  const chapters = libraries.map((one, index) => /** @type {const} */ ([one, formatted[index] ?? []]))
  // The package that a newcomer meets first.
  const isCore = (/** @type {Published} */ one) => one.unstable.length > 0
  const ordered = chapters.toSorted(([a], [b]) => Number(isCore(b)) - Number(isCore(a)))
  const pages = new Map([["README.md", overview(ordered, count)]])
  for (const [one, modules] of chapters) {
    pages.set(pageOf(one), page(one, modules, false))
    if (one.unstable.length > 0) pages.set(unstablePageOf(one), page(one, modules, true))
  }

  // The document of the HTTP API is beside them; a test of the server keeps it.
  const old = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".md")) : []
  const stale = [...pages].filter(
    ([name, text]) => !old.includes(name) || readFileSync(join(folder, name), "utf8") !== text
  )
  const surplus = old.filter((name) => !pages.has(name))
  if (process.argv.includes("--check")) {
    for (const [name, text] of stale)
      faults.push(`docs/api/${name} is not what the code says: ${difference(name, text)}`)
    for (const name of surplus) faults.push(`docs/api/${name} is of no package`)
    if (stale.length + surplus.length > 0) faults.push("look at the change, then `npm run api`")
  } else {
    mkdirSync(folder, { recursive: true })
    for (const [name, text] of stale) writeFileSync(join(folder, name), text)
    for (const name of surplus) rmSync(join(folder, name))
  }
  for (const fault of faults) console.error(`api: ${fault}`)
  console.error(`api: ${count} exports of ${libraries.length} packages; ${faults.length} faults`)
  return faults.length === 0
}

/**
 * The first lines that differ.
 *
 * @param {string} name
 * @param {string} text
 */
const difference = (name, text) => {
  const file = join(at, "docs/api", name)
  if (!existsSync(file)) return "there is no such page"
  const answer = spawnSync("git", ["diff", "--no-index", "--unified=0", "--", file, "-"], {
    input: text,
    encoding: "utf8"
  })
  const lines = answer.stdout.split("\n").filter((line) => /^[-+](?!(--|\+\+) )/.test(line))
  return ["", ...lines.slice(0, 12), ...(lines.length > 12 ? [`and ${lines.length - 12} more lines`] : [])].join(
    "\n    "
  )
}

try {
  process.exitCode = main() ? 0 : 1
} catch (error) {
  console.error(`api: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
