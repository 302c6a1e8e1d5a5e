// @ts-check
// How a refusal or a failure is told: what happened, and what to do now.

import { make } from "./dom.js"
import { duration, moment, put } from "./i18n.js"
import { Problem } from "./server.js"

/** Every code has the texts `error.<code>` and `error.<code>.next`. */
export const CODES = [
    "already_opened", "app_passwords_off", "basic_auth", "cannot_remove", "consent_rejected", "creation_refused",
    "delivery_failed", "firewall", "grant_ended", "grant_exists", "hidden_login", "invalid_input", "locked",
    "maintenance", "misunderstood", "multisite", "needs_https", "not_administrator", "not_found", "not_ours",
    "not_wordpress", "odd_answer", "offline", "rest_blocked", "secret_exists", "server_error", "site_error",
    "site_unavailable", "site_unreachable", "site_unsupported", "slow", "support_has_it", "timeout", "too_large",
    "too_many_requests", "try_again", "user_is_older", "user_not_found", "wordpress_com", "wrong_passphrase",
]

/** Different for programs, the same for people. @type {Record<string, string>} */
const LIKE = {
    bad_request: "misunderstood", internal_error: "server_error", method_not_allowed: "misunderstood",
    not_json: "misunderstood", unavailable: "try_again",
}

/** The same failure of a site and of ours has different texts. @type {Record<string, string>} */
const OF_A_SITE = { timeout: "slow", unreachable: "site_unreachable", server_error: "site_error" }

/**
 * @param {HTMLElement} box with two paragraphs
 * @param {unknown} error
 * @returns {Problem}
 */
export function tell(box, error) {
    if (!(error instanceof Problem)) console.error(error)
    const problem = error instanceof Problem ? error : new Problem("server_error")
    const { details } = problem
    const name = nameOf(problem)
    const values = {
        n: details.tries_left ?? "",
        time: () => moment(new Date((details.unlocks_at ?? 0) * 1000), { hour: "numeric", minute: "2-digit" }),
        wait: () => duration(Math.ceil((details.retry_after || 60) / 60) * 60),
    }
    const [what, next, ...rest] = box.querySelectorAll("p")
    put(what, `error.${name}`, values, details.message)
    put(next, `error.${name}.next`, values, details.fix)
    for (const old of rest) old.remove()
    if (details.key_left) {
        const left = make("p")
        put(left, "error.key_left")
        next.after(left)
    }
    box.hidden = false
    return problem
}

/**
 * Which text tells it; for a code without one the server's own sentence is shown.
 * @param {Problem} problem
 */
export function nameOf({ code, details }) {
    const reason = reasonOf(details.reason)
    if (code.startsWith("site_") && reason) return reason
    if (code === "delivery_failed" && details.support_has_it) return "support_has_it"
    const name = LIKE[code] ?? code
    return CODES.includes(name) || details.message ? name : "server_error"
}

/**
 * Which text says what a site gave as its reason; "" when there is none.
 * @param {string} [reason]
 */
export function reasonOf(reason = "") {
    const name = OF_A_SITE[reason] ?? reason
    return CODES.includes(name) ? name : ""
}
