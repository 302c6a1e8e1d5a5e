// @ts-check
// Will this site work? Answered while the owner still types its address.

import { checkSite, Problem } from "./api.js"
import { $, all, hostOf, make } from "./dom.js"
import { put } from "./i18n.js"
import { tell } from "./problem.js"

/** So long nobody types before the address counts as typed. */
const PAUSE = 700
const WHOLE = /^(https?:\/\/)?[^\s/@]+\.[^\s/@]{2,}(\/\S*)?$/i
/** What half an address gives as well, so it is no reason to offer another way yet. */
const PERHAPS_TYPING = ["needs_https", "not_wordpress", "site_unreachable"]

/** @typedef {{site: import("./types.js").Site, consent_url: string | null, problem: any}} Look */

let pause = 0
/** The address that was looked at last, and its answer while it counts. @type {{url: string, answer: Promise<Look> | null}} */
let last = { url: "", answer: null }

/** @param {() => boolean} wanted whether the way in that is chosen needs a look */
export function lookWhileTyping(wanted) {
    $("#url").addEventListener("input", () => lookSoon(wanted, PAUSE))
}

/** What was said is about another address or another way in. */
export function unlook() {
    clearTimeout(pause)
    last = { url: "", answer: null }
    $("#site-problem").hidden = $("#looked .found").hidden = $("#look").hidden = true
    put($("#check"), "site.next")
}

/**
 * Look as soon as the address is typed.
 * @param {() => boolean} wanted
 * @param {number} [milliseconds]
 */
export function lookSoon(wanted, milliseconds = 0) {
    unlook()
    pause = setTimeout(() => wanted() && WHOLE.test(typed()) && lookAhead(), milliseconds)
}

/** Only what may help is said while the owner types; the button says the rest. */
async function lookAhead() {
    try {
        await look()
    } catch (error) {
        if (!(error instanceof Problem) || error.code !== "site_unsupported") return
        refuse(error, !PERHAPS_TYPING.includes(error.details.reason))
    }
}

/**
 * Look at the site, or wait for the look that is under way, and show what was found.
 * @returns {Promise<Look | null>} null when the address was changed meanwhile; rejects with a Problem
 */
export async function look() {
    clearTimeout(pause)
    const url = typed()
    if (last.url !== url || !last.answer) {
        $("#site-problem").hidden = true
        put($("#look"), "site.looking", { site: url.replace(/^https?:\/\//i, "") })
        $("#look").hidden = false
        last = { url, answer: ask(url) }
    }
    const asked = last
    try {
        const answer = /** @type {Look} */ (await asked.answer)
        if (last !== asked) return null
        const { site, consent_url: consentUrl, problem } = answer
        // With a consent page there is a way; a problem beside it is a hint for the next step.
        if (problem && (!site || !consentUrl)) throw new Problem("site_unsupported", { ...problem, reason: problem.code })
        showSite($("#looked .found"), site)
        put($("#look"), "site.found")
        put($("#check"), "what.next")
        $("#looked .found").hidden = false
        return answer
    } catch (error) {
        if (last !== asked) return null
        last = { url: "", answer: null } // The next press asks again.
        $("#look").hidden = true
        throw error
    }
}

/**
 * The server calls no public site over http, and most sites that are typed so have https as well.
 * @param {string} url
 * @returns {Promise<Look>}
 */
async function ask(url) {
    try {
        return await checkSite(url)
    } catch (error) {
        if (!/^http:/i.test(url) || !(error instanceof Problem) || error.code !== "invalid_input") throw error
    }
    const answer = await checkSite(url.replace(/^http:/i, "https:"))
    if (answer.problem?.code !== "site_unreachable") return answer
    return { ...answer, problem: { code: "needs_https" } }
}

/**
 * @param {unknown} error
 * @param {boolean} [offer] whether to show the other ways in
 */
export function refuse(error, offer = true) {
    tell($("#site-problem"), error)
    put($("#check"), "site.again")
    const ways = /** @type {HTMLDetailsElement} */ ($("#doors"))
    if (offer) ways.open = true
}

/**
 * Show name, address and icon of *site* in *box*.
 * @param {HTMLElement} box
 * @param {import("./types.js").Site | null} site
 */
export function showSite(box, site) {
    for (const old of all("img", box)) old.remove()
    const [name, address] = box.children
    name.textContent = site?.name || hostOf(site?.url)
    address.textContent = hostOf(site?.url)
    const src = site?.icon_url ?? ""
    if (!/^https?:/.test(src)) return
    // It comes from the owner's own site, and is not missed where it does not.
    const icon = make("img", { src, alt: "", width: "40", height: "40" })
    icon.onload = () => box.prepend(icon)
}

function typed() {
    return /** @type {HTMLInputElement} */ ($("#url")).value.trim()
}
