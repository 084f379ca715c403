/**
 * How the command looks in a real terminal: runs it in tmux against the simulated vendors and keeps what the screen showed
 * under `docs/examples/terminal`.
 *
 *     node packages/tooling/terminal.mjs
 *
 * Needs tmux, and takes about two minutes. The pictures are to be looked at; what must hold of them is tested in
 * `packages/cli/test/progress`.
 */
import { spawn, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))
const bin = join(root, "packages/cli/bin/scanpoll.js")
const folder = join(root, "docs/examples/terminal")
const server = `scanpoll-terminal-${process.pid}`

/** @param {ReadonlyArray<string>} args */
const tmux = (...args) => {
  const answer = spawnSync("tmux", ["-L", server, ...args], { encoding: "utf8" })
  if (answer.status !== 0) throw new Error(`tmux ${args[0]}: ${answer.error?.message ?? answer.stderr}`)
  return answer.stdout
}

const mixed = `version: 1
targets:
  - { vendor: exona, company: { name: Acme AI Ltd, website: https://acme.example } }
  - { vendor: exona, company: { name: 株式会社日本語テストという長い名前の会社, website: https://nihon.example } }
  - { vendor: exona, company: { name: Émigré Café ☕ and families 👨‍👩‍👧, website: https://emigre.example } }
  - { vendor: exona, company: { name: مرحبا بالعالم, website: https://rtl.example } }
  - { vendor: exona, company: { name: Initech Models, website: https://failed.example } }
  - { vendor: appvet, url: "https://partial.example/a/long/path?with=a&query=in&it=whose&end=nobody&ever=sees", type: seo }
  - { vendor: appvet, url: https://never.example, type: security, deadline: 20s }
  - { vendor: appvet, url: https://busy.example, type: performance }
  - vendor: compliance
    policyId: 550e8400-e29b-41d4-a716-446655440000
    uploadId: 123e4567-e89b-42d3-a456-426614174000
    mappingId: 789e0123-e45b-47c8-9901-234567890123
    auditName: Payments 2026
`
const many = `version: 1
targets:
${Array.from({ length: 200 }, (_, index) => `  - { vendor: appvet, url: "https://site-${index + 1}.example", type: security }\n`).join("")}`

/**
 * A picture: what is typed, in which terminal, and when the screen is kept. `after` presses a key or resizes before a second
 * picture of the same screen is kept under it.
 *
 * @typedef {{
 *   name: string, says: string, type: string, width?: number, height?: number, environment?: Record<string, string>,
 *   until: RegExp, color?: boolean, whole?: boolean,
 *   after?: { keys?: string, resize?: readonly [number, number], until: RegExp }
 * }} Picture
 */

/** @type {ReadonlyArray<Picture>} */
const pictures = [
  {
    name: "help",
    says: "the page of the program, 80 columns",
    type: "scanpoll --help",
    until: /<command> --help\n/,
    whole: true
  },
  {
    name: "help-run",
    says: "the page of a command, 80 columns",
    type: "scanpoll run --help",
    until: /SEE ALSO\n.*\n/,
    whole: true
  },
  {
    name: "help-run-200",
    says: "the same in 200 columns: lines stay short enough to read",
    type: "scanpoll run --help",
    width: 200,
    until: /SEE ALSO\n.*\n/,
    whole: true
  },
  {
    name: "mistakes",
    says: "what a wrong command line is answered with",
    type: "scanpoll rnu; scanpoll run --fial-on high; scanpoll scans.yaml; scanpoll run missing.yaml; env -u APPVET_API_KEY node $BIN run appvet:https://example.com; echo done",
    until: /\ndone\n/
  },
  {
    name: "rows",
    says: "progress in 80 columns",
    type: "scanpoll run mixed.yaml",
    until: /completed[^]*running \d+ %/
  },
  {
    name: "rows-color",
    says: "the same with its colours, as escape codes: `cat` it",
    type: "scanpoll run mixed.yaml",
    until: /completed[^]*running \d+ %/,
    color: true
  },
  {
    name: "rows-200",
    says: "progress in 200 columns, without colours",
    type: "scanpoll run mixed.yaml",
    width: 200,
    height: 50,
    environment: { NO_COLOR: "1" },
    until: /completed[^]*running \d+ %/
  },
  {
    name: "rows-latin",
    says: "a locale that is not UTF-8: what is cut off ends in plain dots",
    type: "scanpoll run mixed.yaml",
    environment: { LC_ALL: "C" },
    until: /completed[^]*running \d+ %/
  },
  {
    name: "rows-many",
    says: "200 scans in 40 lines, and after the terminal became 60 columns and 20 lines in the middle of the run",
    type: "scanpoll run many.yaml",
    height: 40,
    until: /running \d+ %/,
    after: { resize: [60, 20], until: /^(?!.*site-30\.)/s }
  },
  {
    name: "stopped",
    says: "Ctrl-C in the middle of a run: the report, and how to go on",
    type: "scanpoll run appvet:https://never.example",
    until: /running \d+ %/,
    after: { keys: "C-c", until: /scanpoll wait/ }
  },
  {
    name: "plain-ci",
    says: "CI=true: a line for each change of state",
    type: "scanpoll run mixed.yaml -o json=mixed.json; echo done",
    width: 120,
    height: 60,
    environment: { CI: "true" },
    until: /\ndone\n/
  },
  {
    name: "plain-dumb",
    says: "TERM=dumb: the same, and no escape codes",
    type: "TERM=dumb scanpoll run appvet:https://clean.example; echo done",
    width: 120,
    until: /\ndone\n/
  },
  {
    name: "pipes",
    says: "both streams into pipes, shown by `cat -v`: no escape code, the report on one and the rest on the other",
    type: "scanpoll run appvet:https://clean.example --reuse 0 2> err.txt | cat -v; echo ---; cat -v err.txt; echo done",
    width: 120,
    until: /\ndone\n/
  },
  {
    name: "report",
    says: "the text report in 80 columns",
    type: "scanpoll report mixed.json; echo done",
    until: /\ndone\n/,
    whole: true
  },
  {
    name: "report-color",
    says: "the same with its colours, as escape codes: `cat` it",
    type: "scanpoll report mixed.json; echo done",
    until: /\ndone\n/,
    whole: true,
    color: true
  },
  {
    name: "report-200",
    says: "the text report in 200 columns",
    type: "scanpoll report mixed.json; echo done",
    width: 200,
    until: /\ndone\n/,
    whole: true
  }
]

/** @param {string} text */
const trimmed = (text) =>
  `${text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd()}\n`

/** @param {Picture} picture */
const capture = (picture) =>
  trimmed(
    tmux(
      "capture-pane",
      "-p",
      "-t",
      "scanpoll",
      ...(picture.color ? ["-e"] : []),
      ...(picture.whole ? ["-S", "-"] : [])
    )
  )

/**
 * @param {Picture} picture
 * @param {RegExp} until
 */
const seen = async (picture, until) => {
  for (let tries = 0; tries < 300; tries++) {
    const screen = tmux("capture-pane", "-p", "-t", "scanpoll", ...(picture.whole ? ["-S", "-"] : []))
    if (until.test(screen.slice(screen.indexOf("\n") + 1))) return
    await pause(200)
  }
  throw new Error(`${picture.name}: ${until} was never on the screen:\n${capture(picture)}`)
}

/**
 * @param {Picture} picture
 * @param {string} work
 */
const take = async (picture, work) => {
  const { environment = {}, height = 24, width = 80 } = picture
  const words = Object.entries({ LC_ALL: "C.UTF-8", ...environment }).map(([name, value]) => `${name}=${value}`)
  writeFileSync(
    join(work, "rc"),
    `${readFileSync(join(work, "vendors.env"), "utf8")}export TERM=screen-256color SCANPOLL_JOURNAL=memory: BIN=${bin} ${words.join(" ")}
scanpoll() { node "$BIN" "$@"; }
PS1='$ '
clear
`
  )
  tmux(
    "new-session",
    "-d",
    "-s",
    "scanpoll",
    "-x",
    `${width}`,
    "-y",
    `${height}`,
    "-c",
    work,
    "bash --noprofile --rcfile rc -i"
  )
  try {
    tmux("set-option", "-t", "scanpoll", "history-limit", "2000")
    await pause(500)
    tmux("send-keys", "-t", "scanpoll", "-l", picture.type)
    tmux("send-keys", "-t", "scanpoll", "Enter")
    await seen(picture, picture.until)
    let text = capture(picture)
    if (picture.after !== undefined) {
      const { keys, resize, until } = picture.after
      if (keys !== undefined) tmux("send-keys", "-t", "scanpoll", keys)
      if (resize !== undefined) {
        tmux("resize-window", "-t", "scanpoll", "-x", `${resize[0]}`, "-y", `${resize[1]}`)
        await pause(1_000)
      }
      await seen(picture, until)
      await pause(500)
      const cursor =
        tmux("display-message", "-p", "-t", "scanpoll", "#{cursor_flag}").trim() === "1" ? "shown" : "hidden"
      const what = keys === undefined ? `${resize?.join(" x ")}` : keys
      text += `\n---- ${what}; the cursor is ${cursor} ----\n\n${capture(picture)}`
    }
    writeFileSync(join(folder, `${picture.name}.txt`), text)
    console.log(`${picture.name}: ${picture.says}`)
  } finally {
    tmux("kill-session", "-t", "scanpoll")
  }
}

const work = mkdtempSync(join(tmpdir(), "scanpoll-terminal-"))
const vendors = spawn(process.execPath, [bin, "simulate", "--speed", "4", "--seed", "7"], { cwd: work })
try {
  let variables = ""
  vendors.stdout.setEncoding("utf8").on("data", (/** @type {string} */ piece) => (variables += piece))
  for (let tries = 0; !variables.includes("SCANPOLL_ALLOW_INSECURE_HOSTS"); tries++) {
    if (tries > 100) throw new Error("the simulated vendors did not begin")
    await pause(100)
  }
  mkdirSync(folder, { recursive: true })
  // A server without a session ends, perhaps while the next one begins.
  tmux("new-session", "-d", "-s", "keep", "cat")
  writeFileSync(join(work, "vendors.env"), variables)
  writeFileSync(join(work, "mixed.yaml"), mixed)
  writeFileSync(join(work, "many.yaml"), many)
  const only = process.argv.slice(2)
  for (const picture of pictures) if (only.length === 0 || only.includes(picture.name)) await take(picture, work)
  const rows = pictures.map(({ name, says }) => `| [${name}](${name}.txt) | ${says} |`)
  writeFileSync(
    join(folder, "README.md"),
    `# The command in a terminal

What a terminal showed, kept by \`node packages/tooling/terminal.mjs\` from real runs against the simulated vendors.

| picture | of |
|---|---|
${rows.join("\n")}
`
  )
} finally {
  vendors.kill("SIGTERM")
  spawnSync("tmux", ["-L", server, "kill-server"])
  rmSync(work, { recursive: true, force: true })
}
