// An old Node fetches a newer one. What it fetches runs with the keys, so neither the folder nor the registry is trusted.
import { assert, describe, it } from "@effect/vitest"
import { execFileSync, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { gzipSync } from "node:zlib"
import * as Shipped from "scanpoll/vendors/Shipped"
import { environmentOfFetch, fetched, pins } from "../bin/fetched.js"
import { whyNotOwn } from "../bin/own.js"

const windows = process.platform === "win32"

const inFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = Fs.realpathSync(Fs.mkdtempSync(join(tmpdir(), "scanpoll-tools-")))
  try {
    await use(folder)
  } finally {
    Fs.rmSync(folder, { recursive: true, force: true })
  }
}

// A tarball as npm makes them, with these files.
const tarball = (files: Readonly<Record<string, string>>): Buffer => {
  const blocks: Array<Buffer> = []
  for (const [name, text] of Object.entries(files)) {
    const body = Buffer.from(text)
    const header = Buffer.alloc(512)
    header.write(`package/${name}`, 0)
    header.write("0000755\0", 100)
    header.write("0000000\0", 108)
    header.write("0000000\0", 116)
    header.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124)
    header.write("00000000000\0", 136)
    header.write("        ", 148)
    header.write("0", 156)
    header.write("ustar\u000000", 257)
    const sum = header.reduce((all, byte) => all + byte, 0)
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
    blocks.push(header, body, Buffer.alloc((512 - (body.length % 512)) % 512))
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

const program = (says: string): Buffer =>
  tarball({
    "package.json": JSON.stringify({
      name: "fake-node",
      version: "1.0.0",
      scripts: { preinstall: "touch ../../../../scripts-ran", install: "touch ../../../../scripts-ran" }
    }),
    "bin/node": `#!/bin/sh\necho ${says}\n`
  })

const good = program("good")
const bad = program("bad")
const integrity = (bytes: Buffer): string => `sha512-${createHash("sha512").update(bytes).digest("base64")}`
const pinned = {
  node: { package: "fake-node", version: "1.0.0", program: "bin/node", integrity: integrity(good) }
}

interface Registry {
  readonly url: string
  readonly requests: () => number
  readonly close: () => Promise<void>
}

const registry = (bytes: Buffer): Promise<Registry> =>
  new Promise((resolve) => {
    let requests = 0
    const server = Http.createServer((request, response) => {
      requests++
      if (request.url?.endsWith(".tgz") === true) return void response.end(bytes)
      const tarball = `http://${request.headers.host}/fake-node/-/fake-node-1.0.0.tgz`
      const version = { name: "fake-node", version: "1.0.0", dist: { tarball, integrity: integrity(bytes) } }
      response.setHeader("content-type", "application/json")
      response.end(
        JSON.stringify({ name: "fake-node", "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } })
      )
    })
    server.listen(0, "127.0.0.1", () => {
      const address: AddressInfo | string | null = server.address()
      const port = address === null || typeof address === "string" ? 0 : address.port
      resolve({
        url: `http://127.0.0.1:${port}/`,
        requests: () => requests,
        close: () =>
          new Promise((done) => {
            server.closeAllConnections()
            server.close(() => done())
          })
      })
    })
  })

const ended = (child: ReturnType<typeof spawn>): Promise<number> =>
  new Promise((resolve) => {
    child.on("close", (code) => resolve(code ?? 1))
  })

// A folder of somebody else: programs where npm and npx look for them, and settings of npm.
const hostile = (folder: string, registryUrl: string): string => {
  const there = join(folder, "hostile")
  for (const name of ["node/bin/node", ".bin/node", ".bin/npm", ".bin/npx", "npm/bin/npm-cli.js"]) {
    const file = join(there, "node_modules", name)
    Fs.mkdirSync(join(file, ".."), { recursive: true })
    Fs.writeFileSync(file, `#!/bin/sh\ntouch ${join(folder, "owned")}\n`, { mode: 0o755 })
  }
  Fs.writeFileSync(join(there, ".npmrc"), `registry=${registryUrl}\nignore-scripts=false\nnode-options=--require ./x\n`)
  return there
}

const environmentIn = (folder: string, there: string, more: Readonly<Record<string, string>> = {}) => {
  const home = join(folder, "home")
  Fs.mkdirSync(home, { recursive: true })
  return {
    PATH: [join(there, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter),
    HOME: home,
    ...(process.env["npm_execpath"] === undefined ? {} : { npm_execpath: process.env["npm_execpath"] }),
    EXONA_API_KEY: "exo_live_CANARY",
    NODE_OPTIONS: "--require ./owned.js",
    ...more
  }
}

const names = ["node"]

describe.skipIf(windows)("a Node that is fetched on an old one", () => {
  it("comes from the user's registry, also in a folder with planted programs and another registry (S-01)", () =>
    inFolder(async (folder) => {
      const [users, theirs] = [await registry(good), await registry(bad)]
      try {
        const there = hostile(folder, theirs.url)
        const environment = environmentIn(folder, there)
        Fs.writeFileSync(join(environment.HOME, ".npmrc"), `registry=${users.url}\n`)
        // npm hands the folder's settings on to what it starts.
        for (const more of [{}, { npm_config_registry: theirs.url, npm_config_local_prefix: there, INIT_CWD: there }]) {
          Fs.rmSync(join(environment.HOME, ".cache"), { recursive: true, force: true })
          const brought = await fetched(names, {
            run: ended,
            environment: { ...environment, ...more },
            directory: there,
            pinned
          })
          assert.isTrue("bin" in brought, JSON.stringify(brought))
          const bin = "bin" in brought ? brought.bin : ""
          assert.strictEqual(execFileSync(join(bin, "node"), { encoding: "utf8" }), "good\n")
          assert.isAbove(users.requests(), 0)
          assert.strictEqual(theirs.requests(), 0)
          assert.isUndefined(whyNotOwn(bin))
        }
        assert.isFalse(Fs.existsSync(join(folder, "owned")))
        assert.deepStrictEqual(
          Fs.readdirSync(environment.HOME, { recursive: true }).filter((name) => String(name).endsWith("scripts-ran")),
          []
        )
      } finally {
        await users.close()
        await theirs.close()
      }
    }))

  it("is refused where the registry or npm's cache has other bytes under its name (S-01)", () =>
    inFolder(async (folder) => {
      const users = await registry(bad)
      try {
        const there = hostile(folder, users.url)
        const environment = environmentIn(folder, there, { npm_config_registry: users.url })
        Fs.rmSync(join(there, ".npmrc"))
        // Twice: the second time npm's cache has the bytes already.
        for (let i = 0; i < 2; i++) {
          const brought = await fetched(names, { run: ended, environment, directory: there, pinned })
          assert.isTrue("why" in brought, JSON.stringify(brought))
        }
        assert.deepStrictEqual(Fs.readdirSync(join(environment.HOME, ".cache/scanpoll/tools")), [])
      } finally {
        await users.close()
      }
    }))

  it("is refused from a folder where others can write (S-01)", () =>
    inFolder(async (folder) => {
      const there = hostile(folder, "http://127.0.0.1:9/")
      const environment = environmentIn(folder, there)
      const tools = join(environment.HOME, ".cache/scanpoll/tools")
      Fs.mkdirSync(join(tools, "node-1.0.0/bin"), { recursive: true })
      for (const open of [tools, join(tools, "node-1.0.0/bin"), environment.HOME]) {
        Fs.chmodSync(open, 0o777)
        const brought = await fetched(names, { run: ended, environment, directory: there, pinned })
        assert.include("why" in brought ? brought.why : "", "others can write to")
        Fs.chmodSync(open, 0o700)
      }
    }))

  it("is refused where its contents are not known for the platform (S-01)", async () => {
    const brought = await fetched(names, { run: ended, pinned: {} })
    assert.include("why" in brought ? brought.why : "", "could be verified")
    for (const platform of Object.values(pins)) {
      for (const pin of Object.values(platform)) {
        assert.match(pin.integrity, /^sha512-[A-Za-z0-9+/]{86}==$/)
        assert.match(pin.version, /^\d+\.\d+\.\d+$/)
      }
    }
  })

  it("is fetched without keys, options of Node and settings of the folder in the environment (S-01)", () =>
    inFolder(async (folder) => {
      const there = hostile(folder, "http://127.0.0.1:9/")
      // A vendor that is not named in `bin/fetched.js` is seen here.
      const ofVendors = Shipped.all.flatMap(({ baseVariable, extraVariables, keyVariable }) => [
        ...(keyVariable === null ? [] : [keyVariable]),
        baseVariable,
        ...extraVariables
      ])
      const environment = environmentIn(folder, there, {
        ...Object.fromEntries(ofVendors.map((name) => [name, "of a vendor"])),
        APPVET_API_KEY: "a",
        COMPLIANCE_TOKEN: "b",
        AWS_SECRET_ACCESS_KEY: "c",
        NPM_TOKEN: "of the user's npmrc",
        SCANPOLL_JOURNAL: "postgres://u:p@h/d",
        HTTPS_PROXY: "http://proxy.example",
        npm_config_ignore_scripts: "false",
        npm_config_node_options: "--require ./x",
        npm_config_script_shell: "./x",
        npm_config_prefix: there,
        npm_config_registry: "https://mirror.example/",
        "npm_config_//mirror.example/:_authToken": "t"
      })
      Fs.writeFileSync(
        join(environment.HOME, ".npmrc"),
        `//mirror.example/:_authToken=\${NPM_TOKEN}\n${ofVendors.map((name, at) => `x${at}=\${${name}}\n`).join("")}`
      )
      const seen = environmentOfFetch(environment, there)
      assert.deepStrictEqual(Object.keys(seen).toSorted(), [
        "HOME",
        "HTTPS_PROXY",
        "NPM_TOKEN",
        "PATH",
        "npm_config_//mirror.example/:_authToken",
        "npm_config_fetch_retry_maxtimeout",
        "npm_config_fetch_retry_mintimeout",
        "npm_config_registry"
      ])
      assert.notInclude(seen["PATH"], there)
      assert.notInclude(seen["PATH"], "node_modules")
    }))
})
