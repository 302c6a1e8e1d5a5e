// @ts-check
// The one-time page. The link key is in the fragment, which browsers do not
// send. Nothing is opened until a person presses the button, because mail and
// chat scanners follow links too.
// How it is held while the page is there says types.js.

import { Problem, readGrant, readSecret } from "./server.js"
import { $, all, brand, busy, guard, hostOf, press } from "./dom.js"
import { decode, encode, identify, randomBytes } from "./link.js"
import { catalogue, duration, put, start } from "./i18n.js"

const GRACE = 55

start().then(brand) // Meanwhile the server is asked.
/** @type {import("./types.js").Opening} */
const visit = { held: await hold(), secret: null, grant: null, show, gone }

$("#waiting").addEventListener("submit", () => busy($("#open"), async () => (await import("./opening.js")).open(visit)))
press($("#end-now"), async () => (await import("./gone.js")).endNow(visit))
addEventListener("hashchange", () => location.reload()) // another link in the same tab
addEventListener("pageshow", ({ persisted }) => persisted && look())
await guard(look)

/** @returns {Promise<import("./types.js").HeldLink | null>} null when the address is not that of a link */
async function hold() {
    const link = location.hash.slice(1)
    if (!link) return history.state
    const whole = /^[\w-]{43}$/.test(link)
    const fresh = whole ? { link, claim: encode(randomBytes(16)), ...(await identify(decode(link))) } : null
    history.replaceState(fresh, "", location.pathname)
    return fresh
}

/** See what is behind the link. This changes nothing. */
async function look() {
    const { held } = visit
    show("looking")
    if (!held) return gone("incomplete")
    try {
        const secret = await readSecret(held.id)
        visit.secret = secret
        held.grantId = secret.grant_id
        const grant = held.grantId ? await readGrant(held.grantId, held.support) : null
        visit.grant = grant
        // The answer to our own opening may have been lost: for a minute it can be asked for again.
        const retry = held.tried && Math.abs(Date.now() / 1000 - secret.opened_at) < GRACE
        if (grant?.state === "ended") await gone("ended", grant.ended_at)
        else if (secret.state === "locked") await gone("locked", secret.unlocks_at)
        else if (secret.state === "opened" && !retry) await gone("opened", secret.opened_at)
        else offer(secret, grant)
    } catch (error) {
        const { code, details } = error instanceof Problem ? error : new Problem("offline")
        // Of a link that cannot be opened any more, the access may still be there to end.
        held.grantId ??= details.grant_id
        if (details.grant_id) visit.grant = await readGrant(details.grant_id, held.support).catch(() => null)
        await (code === "not_found" ? gone(details.gone ?? code, details.at) : gone("unreachable"))
    }
}

/**
 * @param {any} secret
 * @param {any} grant
 */
function offer(secret, grant) {
    $("#from").hidden = !grant
    $("#from dd").textContent = grant ? [grant.site.name, hostOf(grant.site.url)].filter(Boolean).join(" – ") : ""
    put($("#until"), "consent.until_text", {
        date: new Date(secret.expires_at * 1000),
        duration: () => duration(Math.ceil(secret.expires_at / 60 - Date.now() / 60000) * 60),
    })
    $("#whom").hidden = !grant?.owner_email
    $("#whom dd").textContent = grant?.owner_email ?? ""
    $("#ask").hidden = !secret.passphrase
    show("waiting")
}

/** @param {string} panel the one to show */
function show(panel) {
    for (const section of all(".panel")) section.hidden = section.id !== panel
    $("#lead").hidden = /opened|ended/.test(panel)
    $("#end").hidden = panel !== "opened" || !visit.held?.grantId
}

/**
 * @param {string} why
 * @param {number} [at] in epoch seconds
 */
async function gone(why, at) {
    const [{ tellGone }] = await Promise.all([import("./gone.js"), catalogue()])
    await tellGone(visit, why, at)
}
