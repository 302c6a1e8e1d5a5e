// @ts-check
// How the pages talk to the server, and the two questions that a page asks by
// itself. What people do with its answers is in api.js. A call that fails throws
// a Problem.

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

/** @param {string} id */
export function readSecret(id) {
    return call("GET", `secrets/${id}`)
}

/**
 * @param {string} id
 * @param {string} token the owner's or support's
 */
export function readGrant(id, token) {
    return call("GET", `grants/${id}`, { token })
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, token?: string, seconds?: number, keepalive?: boolean}} [options]
 * @returns {Promise<any>} the answer's body
 */
export async function call(method, path, { body, token, seconds = 20, keepalive = false } = {}) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" }
    if (method !== "GET") headers["Content-Type"] = "application/json"
    if (token) headers.Authorization = `Bearer ${token}`
    try {
        const response = await fetch(`/api/${path}`, {
            method,
            headers,
            body: method === "GET" ? undefined : JSON.stringify(body ?? {}),
            cache: "no-store",
            keepalive,
            signal: AbortSignal.timeout(seconds * 1000),
        })
        const answer = await read(response)
        if (response.ok) return answer
        throw new Problem(codeOf(response.status, answer), answer)
    } catch (error) {
        if (error instanceof Problem) throw error
        throw new Problem(/** @type {Error} */ (error).name === "TimeoutError" ? "timeout" : "offline")
    }
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
