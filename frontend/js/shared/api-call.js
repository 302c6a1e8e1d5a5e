// How pages call the server. See api.js for the rest.

/** @import { CallOptions, ErrorBody, Grant, Secret } from "./api-types.js" */

/** What a failed call throws. */
export class Problem extends Error {
    /**
     * @param {string} code
     * @param {ErrorBody} [details]
     */
    constructor(code, details = {}) {
        super(details.message ?? code)
        this.code = code
        this.details = details
    }
}

/** @type {(id: string) => Promise<Secret>} */
export function peekSecret(id) {
    return call("GET", `secrets/${id}`)
}

/** @type {(id: string, token: string) => Promise<Grant>} */
export function viewGrant(id, token) {
    return call("GET", `grants/${id}`, { token })
}

/** @type {<T>(method: string, path: string, options?: CallOptions) => Promise<T>} */
export async function call(method, path, { body, token, seconds = 20, keepalive } = {}) {
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

/** @type {(status: number, answer: ErrorBody) => string} */
function codeOf(status, answer) {
    if (answer.code) return answer.code
    if (status === 429) return "too_many_requests"
    if (status === 404) return "not_found"
    return status === 503 || status === 504 ? "timeout" : "server_error"
}
