// What happens after "Send": each part once, in order, and safe to try again.

import assert from "node:assert/strict"
import { test } from "node:test"

import { decode, prove } from "../../frontend/js/envelope.js"
import { Problem } from "../../frontend/js/api.js"
import { newSetup, partsOf, run, subjectOf } from "../../frontend/js/setup.js"

globalThis.location = { origin: "https://help.example" }

const DRAFT = {
    name: "Bella",
    email: "bella@blog.example",
    message: "It is broken.",
    url: "blog.example",
    days: 3,
    site: { name: "Blog", url: "https://blog.example", login_url: "https://blog.example/wp-login.php" },
}
const CONSENT = { user_login: "bella", application_password: "abcd" }
const GRANT = {
    state: "active",
    site: { name: "Blog", url: "https://blog.example" },
    username: "support1",
    login_url: "https://blog.example/wp-login.php",
    expires_at: 1795000000,
}

/** A server that takes everything, and fails once where it is told to. */
function server(failing) {
    const calls = []
    const answer = (name, body, result) => {
        calls.push([name, structuredClone(body)])
        if (failing === name) {
            failing = null
            throw new Problem("offline")
        }
        return result
    }
    return {
        calls,
        createUser: async (body) => answer("user", body, GRANT),
        recordGrant: async (body) => answer("grant", body, { ...GRANT, username: body.username, login_url: null }),
        createSecret: async (body) => answer("secret", body, {}),
        sendTicket: async (body) => answer("ticket", body, { reference: "HP-1" }),
    }
}

async function opened(setup, call) {
    const proof = await prove(setup.linkKey, setup.passphrase)
    return JSON.parse(await proof.open(call.ciphertext))
}

test("account, secret, ticket; the link only in the ticket", async () => {
    const setup = newSetup(DRAFT, { consent: CONSENT })
    const fake = server()
    const said = []

    await run(setup, (part, state) => said.push(`${part} ${state}`), fake)

    const [[, user], [, secret], [, ticket]] = fake.calls
    assert.deepEqual(fake.calls.map(([name]) => name), ["user", "secret", "ticket"])
    assert.deepEqual(said, ["access now", "access done", "secret now", "secret done", "ticket now", "ticket done"])
    assert.equal(user.site_url, "https://blog.example")
    assert.equal(user.support_token, secret.support_token)
    assert.equal(decode(user.grant_id).length, 16)
    assert.equal(decode(user.owner_token).length, 32)
    assert.ok(user.password.length >= 24)
    assert.match(ticket.link, /^https:\/\/help\.example\/open#[\w-]{43}$/)
    assert.equal(ticket.link.slice(-43).length, 43)
    const link = ticket.link.slice(-43)
    for (const body of [user, secret]) assert.ok(!JSON.stringify(body).includes(link))
    assert.ok(!JSON.stringify([secret, ticket]).includes(user.password))
    assert.deepEqual(await opened(setup, secret), {
        site: "https://blog.example",
        name: "Blog",
        login_url: "https://blog.example/wp-login.php",
        username: "support1",
        password: user.password,
        expires_at: 1795000000,
    })
    assert.equal(setup.reference, "HP-1")
})

test("where a site hides its sign-in page, the owner's word for it is sealed", async () => {
    const setup = newSetup({ ...DRAFT, hint: "hidden_login", login_url: "blog.example/enter" }, { consent: CONSENT })
    const fake = server()

    await run(setup, () => {}, fake)

    const [, [, secret]] = fake.calls
    assert.equal((await opened(setup, secret)).login_url, "https://blog.example/enter")
})

for (const failing of ["user", "secret", "ticket"]) {
    test(`trying again after a failed ${failing} goes on there, with the same request`, async () => {
        const setup = newSetup(DRAFT, { consent: CONSENT })
        const fake = server(failing)

        await assert.rejects(run(setup, () => {}, fake), Problem)
        await run(setup, () => {}, fake)

        const names = fake.calls.map(([name]) => name)
        assert.deepEqual(names.filter((name) => name !== failing), ["user", "secret", "ticket"].filter((name) => name !== failing))
        const tries = fake.calls.filter(([name]) => name === failing).map(([, body]) => body)
        assert.equal(tries.length, 2)
        assert.deepEqual(tries[0], tries[1])
    })
}

test("a passphrase seals, and is never sent", async () => {
    const setup = newSetup(DRAFT, { consent: CONSENT })
    setup.passphrase = "four words of mine"
    setup.hint = "I will call you."
    const fake = server()

    await run(setup, () => {}, fake)

    assert.ok(!JSON.stringify(fake.calls).includes(setup.passphrase))
    assert.equal(fake.calls[1][1].passphrase, true)
    assert.equal(fake.calls[2][1].passphrase_hint, "I will call you.")
    assert.equal((await opened(setup, fake.calls[1][1])).username, "support1")
})

test("a user made by hand: the password goes only under the seal", async () => {
    const account = { username: "helper", password: "by-hand-Pa55", login_url: "https://blog.example/door" }
    const setup = newSetup(DRAFT, { account })
    const fake = server()

    await run(setup, () => {}, fake)

    assert.deepEqual(fake.calls.map(([name]) => name), ["grant", "secret", "ticket"])
    assert.ok(!JSON.stringify(fake.calls).includes(account.password))
    const seen = await opened(setup, fake.calls[1][1])
    assert.deepEqual([seen.username, seen.password, seen.login_url], ["helper", "by-hand-Pa55", "https://blog.example/door"])
})

test("without access there is only a ticket, without any key", async () => {
    const setup = newSetup({ ...DRAFT, site: null, url: "" }, {})
    const fake = server()

    await run(setup, () => {}, fake)

    assert.deepEqual(partsOf(setup), ["ticket"])
    assert.deepEqual(fake.calls, [
        ["ticket", { name: "Bella", email: "bella@blog.example", subject: "It is broken.", message: "It is broken." }],
    ])
})

test("the first words of a message are its subject", () => {
    assert.equal(subjectOf("\n  The shop is white\nWhen I press “Buy”"), "The shop is white")
    const long = "One word after another, and never an end of what there is to be said about this shop of mine"
    assert.equal(subjectOf(long), "One word after another, and never an end of what there is to be said about this …")
    assert.equal(subjectOf("長".repeat(90)), `${"長".repeat(80)} …`)
    assert.equal(subjectOf(`Look: ${"😀".repeat(90)}`), `Look: ${"😀".repeat(74)} …`)
    assert.ok(subjectOf("\0a\u0085b") === "a b")
})

test("a slow site is asked again until it is ready", { timeout: 10000 }, async () => {
    const setup = newSetup(DRAFT, { consent: CONSENT })
    const fake = server()
    const states = ["preparing", "active"]
    fake.createUser = async () => ({ ...GRANT, state: states.shift() })
    const said = []

    await run(setup, (part, state) => said.push(`${part} ${state}`), fake)

    assert.ok(said.includes("access slow"))
    assert.deepEqual(states, [])
})
