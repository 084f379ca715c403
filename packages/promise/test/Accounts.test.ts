import { createScanpoll } from "@scanpoll/promise"
import { assert, describe, it } from "@effect/vitest"
import { inspect } from "node:util"
import { clientOf, faultsOf, hasty, placesOf, rejection, simulators, site } from "./world.ts"

const second = "avk_live_second44444444444444444444444444444444444"

describe("several accounts of one vendor in one client", () => {
  it("have keys, budgets and purchases of their own, in one batch, and a key or ticket finds its account (U-13)", async (test) => {
    const vendors = await simulators(test, { appvet: { credentials: [second] } })
    const { appvet } = placesOf(vendors)
    await using scanpoll = createScanpoll({ appvet: { ...appvet, accounts: { "team-b": { apiKey: second } } } })
    const other = scanpoll.appvet.account("team-b")
    const options = { policy: hasty }
    const records = await scanpoll
      .runAll([scanpoll.appvet.request(site("shop"), options), other.request(site("shop"), options)])
      .collect()
    assert.deepStrictEqual(
      records.map(({ account, state, ticket }) => [account, ticket?.account, state]),
      [
        ["default", "default", "completed"],
        ["team-b", "team-b", "completed"]
      ]
    )
    // Equal targets of two accounts are two purchases.
    assert.lengthOf(vendors.appvet.ledger.requests({ method: "POST" }), 2)
    const ticket = records[1]?.ticket
    if (ticket === null || ticket === undefined) return assert.fail("no ticket")
    const key = `appvet@team-b:${ticket.scanId}`
    for (const known of [ticket, key]) {
      for (const waiter of [scanpoll, scanpoll.appvet, other]) {
        assert.strictEqual((await waiter.wait(known)).ticket.account, "team-b")
        assert.strictEqual((await waiter.status(known))._tag, "Settled")
      }
      assert.strictEqual(scanpoll.appvet.ticket(known).account, "team-b")
    }
    assert.strictEqual(other.account("default"), scanpoll.appvet)
    assert.throws(
      () => scanpoll.appvet.account("team-c"),
      /appvet has no account "team-c"; its accounts are "default", "team-b"/
    )
    const strange = await rejection(scanpoll.wait(`appvet@team-c:${ticket.scanId}`))
    assert.match(inspect(strange), /is of another account/)
    const mine = `appvet:${records[0]?.ticket?.scanId ?? ""}`
    assert.strictEqual((await scanpoll.wait(mine)).ticket.account, "default")
  })

  it("are asked for their keys apart from each other, and take what they leave out from the vendor's options (U-13)", async (test) => {
    const vendors = await simulators(test, { appvet: { credentials: [second] } })
    const { appvet } = placesOf(vendors)
    const asked: Array<string> = []
    const keyOf = (label: string, key: string) => async () => {
      asked.push(label)
      return key
    }
    await using scanpoll = createScanpoll({
      logLevel: "none",
      appvet: {
        ...appvet,
        account: "team-a",
        apiKey: keyOf("team-a", appvet.apiKey),
        accounts: { "team-b": { apiKey: keyOf("team-b", second) }, "team-c": { apiKey: keyOf("team-c", "wrong") } }
      }
    })
    const { ticket } = await scanpoll.appvet.account("team-b").run(site("shop"), { policy: hasty })
    assert.strictEqual(ticket.account, "team-b")
    assert.deepStrictEqual([...new Set(asked)], ["team-b"])
    assert.match(inspect(await rejection(scanpoll.appvet.account("team-c").run(site("shop")))), /Denied/)
    assert.strictEqual((await scanpoll.appvet.run(site("shop"), { policy: hasty })).ticket.account, "team-a")
  })

  it("are checked with the other options, all faults at once, and no key is shown (U-13)", async (test) => {
    const place = { apiKey: "k" }
    assert.deepStrictEqual(
      faultsOf({
        exona: {
          ...place,
          account: "one",
          accounts: { one: place, "a b": place, two: { apikey: "secret" }, three: 7 }
        },
        compliance: {
          token: "t",
          baseUrl: "https://c.example",
          accounts: { two: { token: "", organizationId: "secret" } }
        },
        appvet: { ...place, accounts: [] },
        urlscan: { ...place, baseUrl: "ftp://x", accounts: { two: { ...place, severity: 1 } } }
      }),
      [
        'exona: accounts."one": that is the label of the vendor\'s own key',
        'exona: accounts."a b": a label has letters, digits, - and _',
        'exona: accounts."two": there is no option apikey: apiKey, baseUrl, account, insecureHosts',
        'exona: accounts."two": apiKey is missing: is its variable set?',
        'exona: accounts."three": the options are not an object',
        'compliance: accounts."two": token is empty',
        'compliance: accounts."two": the organization id (COMPLIANCE_ORGANIZATION_ID) is not a UUID',
        "appvet: accounts is not an object of accounts by their labels",
        "urlscan: baseUrl must be https",
        'urlscan: accounts."two": severity is not a function'
      ]
    )
    assert.deepStrictEqual(faultsOf({ exona: { ...place, accounts: { two: { ...place, account: "x" } } } }), [
      'exona: accounts."two": there is no option account'
    ])
    const vendors = await simulators(test)
    const scanpoll = clientOf(test, vendors)
    assert.throws(() => scanpoll.exona.account("two"), TypeError)
  })
})
