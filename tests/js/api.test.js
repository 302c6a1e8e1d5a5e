// What the pages make of the server's answers.

import assert from "node:assert/strict"
import { afterEach, test } from "node:test"

import { acknowledgeSecret, checkSite, endGrant, Problem, viewGrant } from "../../frontend/js/shared/api.js"

const real = globalThis.fetch
afterEach(() => {
    globalThis.fetch = real
})

/**
 * Let every call get this answer, and collect the calls.
 * @param {number} status
 * @param {unknown} body
 */
function answering(status, body) {
    /** @type {{url: string, method?: string, body?: unknown, headers: Record<string, string>, cache?: string, keepalive?: boolean}[]} */
    const seen = []
    globalThis.fetch = async (url, options) => {
        const headers = /** @type {Record<string, string>} */ (options?.headers)
        seen.push({ ...options, url: String(url), headers })
        return new Response(typeof body === "string" ? body : JSON.stringify(body), { status })
    }
    return seen
}

/** @param {Promise<unknown>} call */
async function problemOf(call) {
    const problem = await call.then(
        () => assert.fail("no problem"),
        (error) => error,
    )
    assert.ok(problem instanceof Problem)
    return problem
}

test("a call sends JSON to the API of this origin", async () => {
    const sent = answering(200, { site: null })

    await checkSite("blog.example")

    assert.equal(sent[0].url, "/api/sites")
    assert.equal(sent[0].method, "POST")
    assert.equal(sent[0].body, '{"url":"blog.example"}')
    assert.equal(sent[0].headers["Content-Type"], "application/json")
    assert.equal(sent[0].cache, "no-store")
})

test("a token travels in the header, never in the address", async () => {
    const sent = answering(200, {})

    await viewGrant("grant", "token")
    await endGrant("grant", "token")

    assert.equal(sent[0].headers.Authorization, "Bearer token")
    assert.equal(sent[0].body, undefined)
    assert.ok(sent.every(({ url }) => !url.includes("token")))
})

test("what is acknowledged arrives even when the page is left", async () => {
    const sent = answering(200, {})

    await acknowledgeSecret("secret", "claim")

    assert.equal(sent[0].keepalive, true)
})

test("the server's code and details reach the page", async () => {
    answering(403, { code: "wrong_passphrase", message: "That passphrase is not right.", tries_left: 4 })

    const problem = await problemOf(viewGrant("grant", "token"))

    assert.equal(problem.code, "wrong_passphrase")
    assert.equal(problem.details.tries_left, 4)
})

for (const [status, body, expected] of /** @type {const} */ ([
    [429, "", "too_many_requests"],
    [404, "", "not_found"],
    [502, "<html>bad gateway</html>", "server_error"],
    [503, "", "timeout"],
    [504, "Endpoint request timed out", "timeout"],
    [500, { code: "internal_error", message: "x" }, "internal_error"],
])) {
    test(`status ${status} with ${JSON.stringify(body)} is ${expected}`, async () => {
        answering(status, body)

        assert.equal((await problemOf(viewGrant("grant", "token"))).code, expected)
    })
}

test("no connection and no answer in time are two problems", async () => {
    globalThis.fetch = async () => {
        throw new TypeError("Failed to fetch")
    }
    assert.equal((await problemOf(viewGrant("grant", "token"))).code, "offline")

    globalThis.fetch = async () => {
        throw new DOMException("signal timed out", "TimeoutError")
    }
    assert.equal((await problemOf(viewGrant("grant", "token"))).code, "timeout")
})
