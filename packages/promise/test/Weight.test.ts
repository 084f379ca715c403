import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"

// Every module that importing the package loads.
const loaded = (): ReadonlyArray<string> => {
  const source = `
    import { registerHooks } from "node:module"
    const urls = new Set()
    registerHooks({ resolve: (name, context, next) => { const found = next(name, context); urls.add(found.url); return found } })
    await import("@scanpoll/promise")
    process.stdout.write(JSON.stringify([...urls]))
  `
  const answer = spawnSync(process.execPath, ["--input-type=module", "--eval", source], {
    cwd: import.meta.dirname,
    encoding: "utf8"
  })
  return JSON.parse(answer.stdout)
}

describe("importing the package", () => {
  it("loads Effect and the house's own parts, and no command line, database, cluster or platform", () => {
    const urls = loaded()
    const packages = new Set(
      urls.map(
        (url) =>
          /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\/|\/packages\/(?:vendors\/)?([^/]+)\//.exec(url)?.slice(1).join("") ??
          url
      )
    )
    const vendors = ["exona", "compliance", "appvet", "urlscan", "virustotal", "sonarqube"]
    for (const part of ["promise", "core", ...vendors, "effect", "@noble/hashes"]) {
      assert.isTrue(packages.delete(part), `${part} is missing`)
    }
    assert.deepStrictEqual([...packages], [])
    assert.deepStrictEqual(
      urls.filter((url) => /\/effect\/(src|dist)\/(cli|sql|cluster|workflow|observability)\//.test(url)),
      []
    )
  })
})
