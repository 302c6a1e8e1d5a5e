// What happens after "Send": each part once, in order, and safe to try again.

import assert from "node:assert/strict"
import { test } from "node:test"
import "./web-crypto.js"

import { newSubmission, partsOf, subjectOf, submit } from "../../frontend/js/form/submission.js"
import { linkKeyOf, secretKeyOf } from "../../frontend/js/share/shared-key.js"
import { Problem } from "../../frontend/js/shared/api.js"
import { decode, encode, identify, newLinkKey, prove } from "../../frontend/js/shared/envelope.js"
import { openBox } from "../../frontend/js/shared/team-box.js"
import { makeTeamKey } from "../../frontend/js/team/key-file.js"

/** @import * as Api from "../../frontend/js/shared/api-types.js" */
/** @import { Server } from "../../frontend/js/form/submission.js" */
/** @import { Draft, Submission } from "../../frontend/js/form/types.js" */

globalThis.location = /** @type {Location} */ ({ origin: "https://help.example" })
Object.defineProperty(globalThis, "navigator", { value: { onLine: true } }) // Node has none, or one that does not know.

/** @type {Draft} */
const DRAFT = {
    step: "send",
    door: "consent",
    consent_url: null,
    hint: "",
    state: null,
    trip: "",
    answered: "",
    subject: "",
    ticket: "",
    login_url: "",
    name: "Bella",
    email: "bella@blog.example",
    message: "It is broken.",
    url: "blog.example",
    days: 3,
    site: { name: "Blog", url: "https://blog.example", login_url: "https://blog.example/wp-login.php" },
}
const CONSENT = { user_login: "bella", application_password: "abcd" }
/** @type {Api.GrantSummary} */
const GRANT = {
    grant_id: "grant",
    state: "active",
    site: { name: "Blog", url: "https://blog.example", login_url: "https://blog.example/wp-login.php" },
    username: "support1",
    login_url: "https://blog.example/wp-login.php",
    expires_at: 1795000000,
}

/**
 * A server that takes everything, and fails once at the call *failing*.
 * @param {string} [failing]
 */
function fakeServer(failing) {
    /** @type {[name: string, body: any][]} */
    const calls = []
    /**
     * @template T
     * @param {string} name
     * @param {unknown} body
     * @param {T} result
     */
    const answer = (name, body, result) => {
        calls.push([name, structuredClone(body)])
        if (failing === name) {
            failing = undefined
            throw new Problem("offline")
        }
        return result
    }
    /** @type {Server} */
    const server = {
        provision: async (body) => answer("user", body, GRANT),
        registerManual: async (body) => answer("grant", body, { ...GRANT, username: body.username, login_url: null }),
        createSecret: async (body) => answer("secret", body, { id: body.id, expires_at: GRANT.expires_at }),
        sendTicket: async (body) => answer("ticket", body, { reference: "HP-1" }),
    }
    return { calls, server }
}

/**
 * @param {Submission} submission
 * @param {{ciphertext: string}} secret
 */
async function opened({ linkKey, passphrase }, { ciphertext }) {
    const proof = await prove(linkKey, passphrase)
    return JSON.parse(await proof.open(ciphertext))
}

test("account, secret, ticket; the link only in the ticket", async () => {
    const submission = newSubmission(DRAFT, { consent: CONSENT })
    const { calls, server } = fakeServer()
    /** @type {string[]} */
    const shown = []

    await submit(submission, (part, state) => shown.push(`${part} ${state}`), server)

    const [[, user], [, secret], [, ticket]] = calls
    assert.deepEqual(
        calls.map(([name]) => name),
        ["user", "secret", "ticket"],
    )
    assert.deepEqual(shown, ["access now", "access done", "secret now", "secret done", "ticket now", "ticket done"])
    assert.equal(user.site_url, "https://blog.example")
    assert.equal(user.owner_token, secret.owner_token)
    assert.ok(!("support_token" in secret))
    assert.equal(decode(user.grant_id).length, 16)
    assert.equal(decode(user.owner_token).length, 32)
    assert.ok(user.password.length >= 24)
    assert.match(ticket.link, /^https:\/\/help\.example\/open#[\w-]{43}$/)
    assert.equal(ticket.link.slice(-43).length, 43)
    const link = ticket.link.slice(-43)
    for (const body of [user, secret]) assert.ok(!JSON.stringify(body).includes(link))
    assert.ok(!JSON.stringify([secret, ticket]).includes(user.password))
    assert.deepEqual(await opened(submission, secret), {
        site: "https://blog.example",
        name: "Blog",
        login_url: "https://blog.example/wp-login.php",
        username: "support1",
        password: user.password,
        customer: "Bella <bella@blog.example>",
        expires_at: 1795000000,
    })
    assert.equal(submission.reference, "HP-1")
})

test("an owner's own one-time link travels as it is, with its hint, and nothing is sealed", async () => {
    const link = "https://onetimesecret.example/secret/9k9id865g8eex3094q880m3s5byz0qg"
    const manualUser = { username: "helper", password: ` ${link} `, login_url: "", link_hint: "I call you" }
    const submission = newSubmission(DRAFT, { manualUser })
    const { calls, server } = fakeServer()

    await submit(submission, () => {}, server)

    assert.deepEqual(
        calls.map(([name]) => name),
        ["grant", "ticket"],
    )
    const [[, grant], [, ticket]] = calls
    assert.equal(ticket.password_link, link)
    assert.equal(ticket.passphrase_hint, "I call you")
    assert.equal(ticket.grant_id, grant.grant_id)
    assert.ok(!("link" in ticket))
    assert.ok(!JSON.stringify(grant).includes("onetimesecret"))
})

test("where a site hides its sign-in page, the owner's word for it is sealed", async () => {
    const submission = newSubmission(
        { ...DRAFT, hint: "hidden_login", login_url: "blog.example/enter" },
        { consent: CONSENT },
    )
    const { calls, server } = fakeServer()

    await submit(submission, () => {}, server)

    const [, [, secret]] = calls
    assert.equal((await opened(submission, secret)).login_url, "https://blog.example/enter")
})

for (const failing of ["user", "secret", "ticket"]) {
    test(`trying again after a failed ${failing} goes on there, with the same request`, async () => {
        const submission = newSubmission(DRAFT, { consent: CONSENT })
        const { calls, server } = fakeServer(failing)

        await assert.rejects(
            submit(submission, () => {}, server),
            Problem,
        )
        await submit(submission, () => {}, server)

        const names = calls.map(([name]) => name)
        assert.deepEqual(
            names.filter((name) => name !== failing),
            ["user", "secret", "ticket"].filter((name) => name !== failing),
        )
        const tries = calls.filter(([name]) => name === failing).map(([, body]) => body)
        assert.equal(tries.length, 2)
        assert.deepEqual(tries[0], tries[1])
    })
}

test("a passphrase seals, and is never sent", async () => {
    const submission = newSubmission(DRAFT, { consent: CONSENT })
    submission.passphrase = "four words of mine"
    submission.hint = "I will call you."
    const { calls, server } = fakeServer()

    await submit(submission, () => {}, server)

    assert.ok(!JSON.stringify(calls).includes(submission.passphrase))
    assert.equal(calls[1][1].passphrase, true)
    assert.equal(calls[2][1].passphrase_hint, "I will call you.")
    assert.equal((await opened(submission, calls[1][1])).username, "support1")
})

test("a user made by hand: the password goes only under the seal", async () => {
    const manualUser = {
        username: "helper",
        password: "by-hand-Pa55",
        login_url: "https://blog.example/door",
        link_hint: "",
    }
    const submission = newSubmission(DRAFT, { manualUser })
    const { calls, server } = fakeServer()

    await submit(submission, () => {}, server)

    assert.deepEqual(
        calls.map(([name]) => name),
        ["grant", "secret", "ticket"],
    )
    assert.ok(!JSON.stringify(calls).includes(manualUser.password))
    const seen = await opened(submission, calls[1][1])
    assert.deepEqual(
        [seen.username, seen.password, seen.login_url],
        ["helper", "by-hand-Pa55", "https://blog.example/door"],
    )
})

test("without access there is only a ticket, without any key", async () => {
    const submission = newSubmission({ ...DRAFT, site: null, url: "" }, {})
    const { calls, server } = fakeServer()

    await submit(submission, () => {}, server)

    assert.deepEqual(partsOf(submission), ["ticket"])
    assert.deepEqual(calls, [
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
    const submission = newSubmission(DRAFT, { consent: CONSENT })
    const { server } = fakeServer()
    /** @type {Api.GrantState[]} */
    const states = ["preparing", "active"]
    server.provision = async () => ({ ...GRANT, state: states.shift() ?? "active" })
    /** @type {string[]} */
    const shown = []

    await submit(submission, (part, state) => shown.push(`${part} ${state}`), server)

    assert.ok(shown.includes("access slow"))
    assert.deepEqual(states, [])
})

test("a held approval is sent under the ids by which the server knows it", async () => {
    const held = { grantId: "g".repeat(22), ownerToken: "o".repeat(43), linkKey: newLinkKey(), isStored: true }
    const submission = newSubmission(DRAFT, { consent: CONSENT, held })
    const { calls, server } = fakeServer()

    await submit(submission, () => {}, server)

    const [[, user], [, secret]] = calls
    assert.deepEqual([user.grant_id, user.owner_token], [held.grantId, held.ownerToken])
    assert.equal(user.support_token, (await identify(held.linkKey)).support)
    assert.equal(secret.owner_token, held.ownerToken)
})

test("with a team's key, nothing that the server gets opens the secret, and a repeated ticket is the same", async () => {
    const { key } = await makeTeamKey("a b c d e f")
    const submission = newSubmission(DRAFT, { consent: CONSENT, teamKey: key.publicKey })
    const { calls, server } = fakeServer("ticket")

    await assert.rejects(submit(submission, () => {}, server))
    await submit(submission, () => {}, server)

    const tickets = calls.filter(([name]) => name === "ticket").map(([, body]) => body)
    assert.deepEqual(tickets[0], tickets[1])
    const [address, box] = tickets[0].link.split("#")
    assert.equal(address, "https://help.example/open")
    assert.deepEqual(await openBox(box, [key]), submission.linkKey)
    assert.ok(!JSON.stringify(calls).includes(encode(submission.linkKey)))
})

test("a key that is none stops everything before anything is made", async () => {
    const submission = newSubmission(DRAFT, { consent: CONSENT, teamKey: "A".repeat(87) })
    const { calls, server } = fakeServer()

    await assert.rejects(
        submit(submission, () => {}, server),
        { code: "not_sealed" },
    )

    assert.deepEqual(calls, [])
})

test("a user made by hand travels sealed to the team, too, and a message without access has no link", async () => {
    const { key } = await makeTeamKey("a b c d e f")
    const manualUser = { username: "helper", password: "secret", login_url: "", link_hint: "" }
    const { calls, server } = fakeServer()

    await submit(newSubmission(DRAFT, { manualUser, teamKey: key.publicKey }), () => {}, server)
    await submit(newSubmission({ ...DRAFT, door: "none" }, { teamKey: key.publicKey }), () => {}, server)

    const tickets = calls.filter(([name]) => name === "ticket").map(([, body]) => body)
    assert.match(tickets[0].link, /#t\.[\w-]{151}$/)
    assert.equal(tickets[1].link, undefined)
})

test("a link to a secret of our own page leaves the browser only as a box, where the team has a key", async () => {
    const { key } = await makeTeamKey("a b c d e f")
    const secretKey = "0123456789abcdefghijklmnopqrstu"
    const own = "https://help.example/secret"
    const other = `https://elsewhere.example/secret/${secretKey}`
    const sealed = `${own}#t.${"A".repeat(151)}`
    const receipt = `https://help.example/private#${secretKey}`
    const links = [
        `${own}#${secretKey}`,
        ` ${own}/${secretKey} `,
        `${own}/${secretKey}/`,
        `${own}?lang=de#${secretKey}`,
    ]
    for (const link of [...links, receipt, receipt.replace("private#", "metadata/"), other, sealed]) {
        const manualUser = { username: "helper", password: link, login_url: "", link_hint: "" }
        const { calls, server } = fakeServer("ticket")
        const submission = newSubmission(DRAFT, { manualUser, teamKey: key.publicKey })

        await assert.rejects(submit(submission, () => {}, server))
        await submit(submission, () => {}, server)

        const [first, again] = calls.filter(([name]) => name === "ticket").map(([, body]) => body.password_link)
        assert.equal(first, again)
        if (link === other || link === sealed) {
            assert.equal(first, link)
            continue
        }
        const [address, box] = first.split("#")
        assert.equal(address, own)
        const ofReceipt = links.includes(link) ? secretKey : await secretKeyOf(secretKey)
        assert.deepEqual(await openBox(box, [key]), await linkKeyOf(ofReceipt))
        assert.ok(!JSON.stringify(calls).includes(secretKey))
    }
})

test("without a team's key, and when it cannot seal, such a link is passed on as it is, or not at all", async () => {
    const link = "https://help.example/secret#0123456789abcdefghijklmnopqrstu"
    const manualUser = { username: "helper", password: link, login_url: "", link_hint: "" }
    const { calls, server } = fakeServer()

    await submit(newSubmission(DRAFT, { manualUser }), () => {}, server)
    assert.equal(calls.at(-1)?.[1].password_link, link)

    const before = calls.length
    const submission = newSubmission(DRAFT, { manualUser, teamKey: "A".repeat(87) })
    await assert.rejects(
        submit(submission, () => {}, server),
        { code: "not_sealed" },
    )
    assert.equal(calls.length, before)
})

test("a key that config.json names, but that is empty, seals nothing and lets nothing go unsealed", async () => {
    for (const teamKey of ["", " ", /** @type {any} */ (null), /** @type {any} */ (7)]) {
        const { calls, server } = fakeServer()

        await assert.rejects(
            submit(newSubmission(DRAFT, { consent: CONSENT, teamKey }), () => {}, server),
            { code: "not_sealed" },
        )

        assert.deepEqual(calls, [])
    }
})
