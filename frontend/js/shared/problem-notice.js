// Shows a refusal or a failure: what happened, and what to do now.

import { Problem } from "./api-call.js"
import { copyOnPress } from "./copy-button.js"
import { dateOf, formatDate, formatDuration, MINUTE, make, setText, texts } from "./page.js"

/** Every code has the texts `error.<code>` and `error.<code>.next`. */
export const CODES = [
    "already_opened",
    "app_passwords_off",
    "basic_auth",
    "cannot_remove",
    "checked_by_plugin",
    "consent_rejected",
    "creation_refused",
    "delivery_failed",
    "firewall",
    "grant_ended",
    "grant_exists",
    "hidden_login",
    "incomplete_certificate",
    "invalid_input",
    "locked",
    "login_not_taken",
    "maintenance",
    "mistyped",
    "misunderstood",
    "multisite",
    "needs_https",
    "no_https",
    "not_administrator",
    "not_found",
    "not_ours",
    "not_sealed",
    "not_wordpress",
    "odd_answer",
    "offline",
    "password_refused",
    "pasted_rejected",
    "rest_blocked",
    "secret_exists",
    "server_error",
    "site_error",
    "site_unavailable",
    "site_unreachable",
    "site_unsupported",
    "slow",
    "support_has_it",
    "timeout",
    "too_large",
    "too_many_requests",
    "try_again",
    "two_hosts",
    "unconfirmed",
    "user_is_newer",
    "user_is_older",
    "user_not_found",
    "wordpress_com",
    "wrong_passphrase",
]

/** Codes that people need not distinguish share a text. @type {Record<string, string>} */
const SHARED_TEXTS = {
    bad_request: "misunderstood",
    internal_error: "server_error",
    method_not_allowed: "misunderstood",
    not_json: "misunderstood",
    unavailable: "try_again",
}

/** What only a host can mend has a text `error.<code>.host`, to be sent there. */
export const FOR_HOST = [
    "consent_rejected",
    "firewall",
    "mistyped",
    "needs_https",
    "no_https",
    "odd_answer",
    "rest_blocked",
]

/** A site's failure has another text than the same failure of the server. @type {Record<string, string>} */
const SITE_TEXTS = { timeout: "slow", unreachable: "site_unreachable", server_error: "site_error" }

/**
 * Show *error* in *box*.
 * @param {HTMLElement} box with two paragraphs
 * @param {unknown} error
 * @param {string} [text] another name than that of the error's own text
 * @returns {Problem}
 */
export function showProblem(box, error, text = "") {
    if (!(error instanceof Problem)) console.error(error)
    const problem = error instanceof Problem ? error : new Problem("server_error")
    const { details } = problem
    const name = text || textNameOf(problem)
    const values = {
        n: details.tries_left ?? "",
        time: () => formatDate(dateOf(details.unlocks_at ?? 0), { hour: "numeric", minute: "2-digit" }),
        wait: () => formatDuration(Math.ceil((details.retry_after || MINUTE) / MINUTE) * MINUTE),
    }
    const [what, next, ...rest] = box.querySelectorAll("p")
    setText(what, `error.${name}`, values, details.message)
    setText(next, `error.${name}.next`, values, details.fix)
    for (const old of rest) old.remove()
    if (FOR_HOST.includes(name)) next.after(hostButton(`error.${name}.host`))
    if (details.key_left) {
        const left = make("p")
        setText(left, "error.key_left")
        next.after(left)
    }
    box.hidden = false
    return problem
}

/** A button that copies the text *key* for the site's host. @param {string} key */
function hostButton(key) {
    const button = make("button", { type: "button", class: "second", "data-icon": "copy", "data-t": "error.for_host" })
    setText(button, "error.for_host")
    copyOnPress(button, () => texts[key])
    return make("p", {}, button)
}

/**
 * Return the name of the text for *problem*; for a code without a text the page shows the server's own sentence.
 * @param {Problem} problem
 */
export function textNameOf({ code, details }) {
    const reason = reasonTextName(details.reason)
    if ((code.startsWith("site_") || code === "consent_rejected") && reason) return reason
    if (code === "delivery_failed" && details.support_has_it) return "support_has_it"
    const name = SHARED_TEXTS[code] ?? code
    return CODES.includes(name) || details.message ? name : "server_error"
}

/**
 * Return the name of the text for the reason why a site cannot be used; "" when there is none.
 * @param {string} [reason]
 */
export function reasonTextName(reason = "") {
    const name = SITE_TEXTS[reason] ?? reason
    return CODES.includes(name) ? name : ""
}
