// Asks the server whether a site will work, while the owner still types its address.

/** @import { SiteCheck } from "../shared/api-types.js" */
/** @import { FormPage, Site } from "./types.js" */
import { checkSite, Problem } from "../shared/api.js"
import { $, all, hostOf, make, setText } from "../shared/page.js"
import { showProblem } from "../shared/problem-notice.js"

/** After such a pause the address counts as typed. */
const TYPING_PAUSE_MS = 700
const WHOLE_ADDRESS = /^(https?:\/\/)?[^\s/@]+\.[^\s/@]{2,}(\/\S*)?$/i
/** Reasons for which no other way in helps: the address is wrong, or half an address yet. */
const NO_OTHER_WAY = ["needs_https", "no_https", "not_wordpress", "site_unreachable"]
/** Without these a pasted application password does not work either. */
const NO_PASTING = [
    "app_passwords_off",
    "basic_auth",
    "cannot_remove",
    "firewall",
    "multisite",
    "rest_blocked",
    "wordpress_com",
]

/**
 * @param {FormPage} page
 * @param {() => boolean} isNeeded whether the chosen way in needs the site check
 */
export function checkWhileTyping(page, isNeeded) {
    $("#url").addEventListener("input", () => checkSoon(page, isNeeded, TYPING_PAUSE_MS))
}

/**
 * Remove what is shown: it is about another address or another way in.
 * @param {FormPage} page
 */
export function clearSiteCheck(page) {
    clearTimeout(page.typingTimer)
    page.siteCheck = null
    for (const shown of ["#site-problem", "#site-check .found", "#site-status"]) $(shown).hidden = true
}

/**
 * Check the site as soon as its address is typed.
 * @param {FormPage} page
 * @param {() => boolean} isNeeded
 * @param {number} [milliseconds]
 */
export function checkSoon(page, isNeeded, milliseconds = 0) {
    clearSiteCheck(page)
    page.typingTimer = setTimeout(() => {
        if (isNeeded() && WHOLE_ADDRESS.test(typedAddress())) void checkAhead(page)
    }, milliseconds)
}

/**
 * While the owner types, show only what may help; the button shows the rest.
 * @param {FormPage} page
 */
async function checkAhead(page) {
    try {
        await checkTypedSite(page)
    } catch (error) {
        if (error instanceof Problem && error.code === "site_unsupported") refuseSite(error)
    }
}

/**
 * Check the site, or wait for the check that is under way, and show what was found.
 * @param {FormPage} page
 * @returns {Promise<SiteCheck | null>} null when the address was changed meanwhile; rejects with a Problem
 */
export async function checkTypedSite(page) {
    clearTimeout(page.typingTimer)
    const url = typedAddress()
    if (page.siteCheck?.url !== url) {
        $("#site-problem").hidden = true
        setText($("#site-status"), "site.loading", { site: url.replace(/^https?:\/\//i, "") })
        $("#site-status").hidden = false
        page.siteCheck = { url, answer: askServer(url) }
    }
    const asked = page.siteCheck
    try {
        const answer = await asked.answer
        if (page.siteCheck !== asked) return null
        const { site, consent_url: consentUrl, problem } = answer
        // With a consent page there is a way; a problem beside it is a hint for the next step.
        if (problem && (!site || !consentUrl))
            throw new Problem("site_unsupported", { ...problem, reason: problem.code })
        showSite($("#site-check .found"), site)
        setText($("#site-status"), "site.found")
        $("#site-check .found").hidden = false
        return answer
    } catch (error) {
        if (page.siteCheck !== asked) return null
        page.siteCheck = null // The next press asks again.
        $("#site-status").hidden = true
        throw error
    }
}

/**
 * The server calls no public site over http, and most sites that are typed so have https as well.
 * @param {string} url
 * @returns {Promise<SiteCheck>}
 */
async function askServer(url) {
    try {
        return await checkSite(url)
    } catch (error) {
        if (!/^http:/i.test(url) || !(error instanceof Problem) || error.code !== "invalid_input") throw error
    }
    const answer = await checkSite(url.replace(/^http:/i, "https:"))
    if (answer.problem?.code !== "site_unreachable") return answer
    return { ...answer, problem: { code: "no_https", message: "", fix: "" } }
}

/**
 * Show why the site cannot be used, and open the other ways in when one of them may help.
 * @param {unknown} error
 */
export function refuseSite(error) {
    const { code, details } = showProblem($("#site-problem"), error)
    const { reason = "" } = details
    if (code === "site_unsupported" && !NO_OTHER_WAY.includes(reason)) openOtherWays(!NO_PASTING.includes(reason))
}

/** @param {boolean} canPaste whether pasting an application password may work on this site */
export function openOtherWays(canPaste) {
    if (!canPaste) $("[data-not=paste]").hidden = true
    const otherWays = /** @type {HTMLDetailsElement} */ ($("#doors"))
    otherWays.open = true
}

/**
 * Show name, address and icon of *site* in *box*.
 * @param {HTMLElement} box
 * @param {Site | null} site
 */
export function showSite(box, site) {
    for (const old of all("img", box)) old.remove()
    const [name, address] = box.children
    const host = hostOf(site?.url)
    name.textContent = site?.name || host
    address.textContent = name.textContent === host ? "" : host
    const src = site?.icon_url ?? ""
    if (!/^https?:/.test(src)) return
    // The icon comes from the owner's own site. When it does not load, the page shows none.
    const icon = make("img", { src, alt: "", width: "40", height: "40" })
    icon.onload = () => box.prepend(icon)
}

function typedAddress() {
    return /** @type {HTMLInputElement} */ ($("#url")).value.trim()
}
