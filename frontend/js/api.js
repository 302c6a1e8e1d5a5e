// @ts-check
// Everything that the pages ask of the server. Every call is safe to repeat,
// because the page makes all ids and keys. A call that fails throws a Problem.

import { call } from "./server.js"

export { Problem, readGrant, readSecret } from "./server.js"

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

/**
 * @param {string} id
 * @param {{access: string, claim: string}} proof
 */
export function openSecret(id, proof) {
    return call("POST", `secrets/${id}/open`, { body: proof })
}

/**
 * It arrives even when the page is left at once.
 * @param {string} id
 * @param {string} claim
 */
export function acknowledgeSecret(id, claim) {
    return call("POST", `secrets/${id}/ack`, { body: { claim }, keepalive: true })
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
 * @param {{gone?: boolean}} [body] the owner's word that a user made by hand is deleted
 */
export function endGrant(id, token, body) {
    return call("POST", `grants/${id}/end`, { token, body, seconds: 40 })
}

/**
 * @param {string} id
 * @param {string} token
 * @param {number} days
 * @param {number} end as the owner saw it, so that the same request again does not add them twice
 */
export function extendGrant(id, token, days, end) {
    return call("POST", `grants/${id}/extend`, { token, body: { days, expires_at: end } })
}

/**
 * @param {string} id
 * @param {string} token
 * @param {{user_login: string, application_password: string}} consent
 */
export function repairGrant(id, token, consent) {
    return call("POST", `grants/${id}/repair`, { token, body: consent, seconds: 40 })
}
