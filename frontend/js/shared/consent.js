// The trip to WordPress' own "authorize application" page and back.
//
// The way back stands in a fragment: WordPress' script appends the credentials
// after the "#", where no server sees them. Without JavaScript in WordPress
// they come in the query instead; both are read here.

import { encode, randomBytes } from "./link-key.js"

/**
 * @typedef {{state: string, outcome: "approved", site_url: string, user_login: string, application_password: string}} Approved
 * @typedef {{state: string, outcome: "rejected" | "disabled" | "broken"}} NotApproved
 */

/** @returns {string} a new state: unguessable, for one trip */
export function newState() {
    return encode(randomBytes(16))
}

/**
 * The name that WordPress shows to the owner and keeps with the key. It says
 * who asks through which host, and is unique for each consent.
 * @param {string} support
 * @param {string} host
 * @param {string} state
 */
export function appName(support, host, state) {
    return `${support} via ${host} (${state
        .replace(/[^A-Za-z0-9]/g, "")
        .slice(0, 6)
        .toLowerCase()})`
}

/**
 * @param {string} authorizeUrl WordPress' page, as found by the server
 * @param {{name: string, back: string, kind: string, state: string}} trip *back* is our page without a fragment
 */
export function consentUrl(authorizeUrl, { name, back, kind, state }) {
    const url = new URL(authorizeUrl)
    if (!/^https?:$/.test(url.protocol)) throw new RangeError("not a web address")
    url.searchParams.set("app_name", name)
    url.searchParams.set("success_url", `${back}#${kind}=${state}`)
    url.searchParams.set("reject_url", `${back}#${kind}=${state}&success=false`)
    return url.href
}

/**
 * @param {string} address
 * @param {string} kind
 * @returns {Approved | NotApproved}
 */
export function readReturn(address, kind) {
    const found = parameters(address)
    const state = found.get(kind) ?? ""
    const password = (found.get("password") ?? "").replace(/\s/g, "")
    const login = found.get("user_login") ?? ""
    const site = found.get("site_url") ?? ""
    if (found.get("error") === "disabled") return { state, outcome: "disabled" }
    if (found.get("success") === "false" && !password) return { state, outcome: "rejected" }
    if (!password || !login || !site) return { state, outcome: "broken" }
    return { state, outcome: "approved", site_url: site, user_login: login, application_password: password }
}

/**
 * Whether the answer comes from the site that was asked: WordPress names the
 * address that its consent page stands under.
 * @param {string} siteUrl as it came back
 * @param {string} authorizeUrl as we left
 */
export function sameSite(siteUrl, authorizeUrl) {
    try {
        const back = new URL(siteUrl)
        const left = new URL(authorizeUrl)
        return back.host === left.host && left.pathname.startsWith(back.pathname.replace(/\/*$/, "/"))
    } catch {
        return false
    }
}

/**
 * Whether two addresses have one host: that of the site which is shown, and that of the page on which access to it is
 * approved or a person signs in to it. An address that a browser would not open over the web has none.
 * @param {string | null | undefined} first
 * @param {string | null | undefined} second
 */
export function sameHost(first, second) {
    try {
        const [here, there] = [new URL(first ?? ""), new URL(second ?? "")]
        return [here, there].every(({ protocol }) => /^https?:$/.test(protocol)) && here.host === there.host
    } catch {
        return false
    }
}

/**
 * Query and fragment alike; a "?" inside the fragment parts like a "&".
 * @param {string} address
 */
function parameters(address) {
    const { search, hash } = new URL(address)
    return new URLSearchParams(`${search.slice(1)}&${hash.slice(1).replaceAll("?", "&")}`)
}
