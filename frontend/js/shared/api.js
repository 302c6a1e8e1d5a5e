// Everything that the pages ask of the server. Every call is safe to repeat, because the page makes all ids and keys.
// A call that fails throws a Problem.

/** @import * as Api from "./api-types.js" */
import { call } from "./api-call.js"

export { Problem, peekSecret, viewGrant } from "./api-call.js"

/** The server calls the site before it answers. */
const MAX_SITE_CHECK_SECONDS = 30
const MAX_SITE_CHANGE_SECONDS = 40

/**
 * @param {string} url
 * @returns {Promise<Api.SiteCheck>}
 */
export function checkSite(url) {
    return call("POST", "sites", { body: { url }, seconds: MAX_SITE_CHECK_SECONDS })
}

/**
 * Have the support user created on the site.
 * @param {Api.UserRequest} request
 * @returns {Promise<Api.GrantSummary>} "preparing" when a slow site needs the same request again
 */
export function provision(request) {
    return call("POST", "users", { body: request, seconds: MAX_SITE_CHANGE_SECONDS })
}

/**
 * Have an approval kept for 15 minutes, until the whole request follows.
 * @param {Api.HoldRequest} request
 * @returns {Promise<Api.GrantSummary>}
 */
export function holdConsent(request) {
    return call("POST", "users", { body: request })
}

/**
 * Register a support user that the owner created.
 * @param {Api.ManualGrantRequest} request
 * @returns {Promise<Api.GrantSummary>}
 */
export function registerManual(request) {
    return call("POST", "grants", { body: request })
}

/**
 * @param {Api.SecretRequest} secret
 * @returns {Promise<Api.NewSecret>}
 */
export function createSecret(secret) {
    return call("POST", "secrets", { body: secret })
}

/**
 * @param {string} id
 * @param {{access: string, claim: string}} proof
 * @returns {Promise<Api.OpenedSecret>}
 */
export function openSecret(id, proof) {
    return call("POST", `secrets/${id}/open`, { body: proof })
}

/**
 * The request arrives even when the page is left at once.
 * @param {string} id
 * @param {string} claim
 * @returns {Promise<void>}
 */
export function acknowledgeSecret(id, claim) {
    return call("POST", `secrets/${id}/ack`, { body: { claim }, keepalive: true })
}

/**
 * @param {string} id
 * @param {string} token
 * @returns {Promise<void>}
 */
export function burnSecret(id, token) {
    return call("POST", `secrets/${id}/burn`, { token })
}

/**
 * @param {Api.Ticket} ticket
 * @returns {Promise<Api.SentTicket>}
 */
export function sendTicket(ticket) {
    return call("POST", "tickets", { body: ticket })
}

/**
 * @param {string} id
 * @param {string} token the owner's or support's
 * @param {{keepalive?: boolean}} [options]
 * @returns {Promise<Api.GrantEnd>}
 */
export function endGrant(id, token, options) {
    return call("POST", `grants/${id}/end`, { token, seconds: MAX_SITE_CHANGE_SECONDS, ...options })
}

/**
 * Say as the owner that the support user of a manual grant is deleted.
 * @param {string} id
 * @param {string} token
 * @returns {Promise<Api.GrantEnd>}
 */
export function confirmRemoval(id, token) {
    return call("POST", `grants/${id}/end`, { token, body: { gone: true }, seconds: MAX_SITE_CHANGE_SECONDS })
}

/**
 * @param {string} id
 * @param {string} token
 * @param {number} days
 * @param {number} end as the owner saw it, so that the same request again does not add the days twice
 * @returns {Promise<Api.GrantSummary>}
 */
export function extendGrant(id, token, days, end) {
    return call("POST", `grants/${id}/extend`, { token, body: { days, expires_at: end } })
}

/**
 * Give the support user a new password, before its new link is sealed.
 * @param {string} id
 * @param {string} token
 * @param {{password: string, support_token: string}} body
 * @returns {Promise<Api.GrantSummary>}
 */
export function renewLink(id, token, body) {
    return call("POST", `grants/${id}/link`, { token, body, seconds: MAX_SITE_CHANGE_SECONDS })
}

/**
 * Ask the owner, as support.
 * @param {string} id
 * @param {string} token
 * @param {"link" | "time"} wish
 * @returns {Promise<void>}
 */
export function askOwner(id, token, wish) {
    return call("POST", `grants/${id}/ask`, { token, body: { for: wish } })
}

/**
 * @param {string} id
 * @param {string} token
 * @param {Api.Consent} consent
 * @param {number} [confirm] the id of the user that the first answer found
 * @returns {Promise<Api.GrantEnd & {found?: Api.FoundUser}>} *found* for a manual grant, until its owner confirms
 */
export function repairGrant(id, token, consent, confirm) {
    return call("POST", `grants/${id}/repair`, {
        token,
        body: { ...consent, confirm },
        seconds: MAX_SITE_CHANGE_SECONDS,
    })
}
