// Asks the server whether a site will work, while the owner still types its address.

/** @import { SiteCheck } from "../shared/api-types.js" */
/** @import { FormPage, Site } from "./types.js" */
import { checkSite, Problem } from "../shared/api.js"
import { $, all, hostOf, make, setText } from "../shared/page.js"
import { showProblem } from "../shared/problem-notice.js"

/** After such a pause the address counts as typed. */
const TYPING_PAUSE_MS = 700
const WHOLE_ADDRESS = /^(https?:\/\/)?[^\s/@]+\.[^\s/@]{2,}(\/\S*)?$/i
/** The reasons that half an address gives as well, so they do not open the other ways in yet. */
const REASONS_WHILE_TYPING = ["needs_https", "not_wordpress", "site_unreachable"]

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
    for (const shown of ["#site-problem", "#looked .found", "#look"]) $(shown).hidden = true
    setText($("#check"), "site.next")
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
        if (!(error instanceof Problem) || error.code !== "site_unsupported") return
        refuseSite(error, !REASONS_WHILE_TYPING.includes(error.details.reason ?? ""))
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
        setText($("#look"), "site.looking", { site: url.replace(/^https?:\/\//i, "") })
        $("#look").hidden = false
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
        showSite($("#looked .found"), site)
        setText($("#look"), "site.found")
        setText($("#check"), "what.next")
        $("#looked .found").hidden = false
        return answer
    } catch (error) {
        if (page.siteCheck !== asked) return null
        page.siteCheck = null // The next press asks again.
        $("#look").hidden = true
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
    return { ...answer, problem: { code: "needs_https", message: "", fix: "" } }
}

/**
 * @param {unknown} error
 * @param {boolean} [openOtherWays] whether to show the other ways in
 */
export function refuseSite(error, openOtherWays = true) {
    showProblem($("#site-problem"), error)
    setText($("#check"), "site.again")
    const otherWays = /** @type {HTMLDetailsElement} */ ($("#doors"))
    if (openOtherWays) otherWays.open = true
}

/**
 * Show name, address and icon of *site* in *box*.
 * @param {HTMLElement} box
 * @param {Site | null} site
 */
export function showSite(box, site) {
    for (const old of all("img", box)) old.remove()
    const [name, address] = box.children
    name.textContent = site?.name || hostOf(site?.url)
    address.textContent = hostOf(site?.url)
    const src = site?.icon_url ?? ""
    if (!/^https?:/.test(src)) return
    // The icon comes from the owner's own site. When it does not load, the page shows none.
    const icon = make("img", { src, alt: "", width: "40", height: "40" })
    icon.onload = () => box.prepend(icon)
}

function typedAddress() {
    return /** @type {HTMLInputElement} */ ($("#url")).value.trim()
}
