// @ts-check
// The one place that talks to the server. Every call is safe to repeat, because
// the page makes all ids and keys. A call that fails throws a Problem.

/** A refusal or a failure, with what the server said about it. */
export class Problem extends Error {
    /**
     * @param {string} code
     * @param {Record<string, any>} [details]
     */
    constructor(code, details = {}) {
        super(details.message ?? code)
        this.code = code
        this.details = details
    }
}

/** @param {string} url */
export function checkSite(url) {
    return call("POST", "sites", { body: { url }, seconds: 30 })
}

/** @param {Record<string, unknown>} user */
export function createUser(user) {
    return call("POST", "users", { body: user, seconds: 40 })
}

/** @param {Record<string, unknown>} grant */
export function recordGrant(grant) {
    return call("POST", "grants", { body: grant })
}

/** @param {Record<string, unknown>} secret */
export function createSecret(secret) {
    return call("POST", "secrets", { body: secret })
}

/** @param {string} id */
export function readSecret(id) {
    return call("GET", `secrets/${id}`)
}

/**
 * @param {string} id
 * @param {{access: string, claim: string}} proof
 */
export function openSecret(id, proof) {
    return call("POST", `secrets/${id}/open`, { body: proof })
}

/**
 * @param {string} id
 * @param {string} claim
 */
export function acknowledgeSecret(id, claim) {
    return call("POST", `secrets/${id}/ack`, { body: { claim } })
}

/**
 * @param {string} id
 * @param {string} token
 */
export function burnSecret(id, token) {
    return call("POST", `secrets/${id}/burn`, { token })
}

/** @param {Record<string, unknown>} ticket */
export function sendTicket(ticket) {
    return call("POST", "tickets", { body: ticket })
}

/**
 * @param {string} id
 * @param {string} token the owner's or support's
 */
export function readGrant(id, token) {
    return call("GET", `grants/${id}`, { token })
}

/**
 * @param {string} id
 * @param {string} token the owner's or support's
 * @param {{gone?: boolean}} [body] the owner's word that a user made by hand is deleted
 */
export function endGrant(id, token, body) {
    return call("POST", `grants/${id}/end`, { token, body, seconds: 40 })
}

/**
 * @param {string} id
 * @param {string} token
 * @param {number} days
 */
export function extendGrant(id, token, days) {
    return call("POST", `grants/${id}/extend`, { token, body: { days } })
}

/**
 * @param {string} id
 * @param {string} token
 * @param {{user_login: string, application_password: string}} consent
 */
export function repairGrant(id, token, consent) {
    return call("POST", `grants/${id}/repair`, { token, body: consent, seconds: 40 })
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, token?: string, seconds?: number}} [options]
 * @returns {Promise<any>} the answer's body
 */
async function call(method, path, { body, token, seconds = 20 } = {}) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" }
    if (method !== "GET") headers["Content-Type"] = "application/json"
    if (token) headers.Authorization = `Bearer ${token}`
    /** @type {Response} */
    let response
    /** @type {any} */
    let answer
    try {
        response = await fetch(`/api/${path}`, {
            method,
            headers,
            body: method === "GET" ? undefined : JSON.stringify(body ?? {}),
            cache: "no-store",
            signal: AbortSignal.timeout(seconds * 1000),
        })
        answer = await read(response)
    } catch (error) {
        throw new Problem(/** @type {Error} */ (error).name === "TimeoutError" ? "timeout" : "offline")
    }
    if (response.ok) return answer
    throw new Problem(codeOf(response.status, answer), answer)
}

/** @param {Response} response */
async function read(response) {
    const text = await response.text()
    try {
        return text ? JSON.parse(text) : {}
    } catch {
        return {}
    }
}

/**
 * @param {number} status
 * @param {Record<string, any>} answer
 */
function codeOf(status, answer) {
    if (answer.code) return answer.code
    if (status === 429) return "too_many_requests"
    if (status === 404) return "not_found"
    return status === 503 || status === 504 ? "timeout" : "server_error"
}
