// @ts-check
// Web addresses as people type them. Pure.

/** WordPress' own pages, which a copied address often ends with. */
const INSIDE = /\/(wp-admin|wp-login\.php|index\.php)(\/.*)?$/i
/** A sign-in page: WordPress' own, or one under another name. */
const SIGN_IN = /\/[^/]*(login|sign-?in|\.php)[^/]*\/?$/i

/**
 * @param {string} typed
 * @returns {URL | null} null when it is no address
 */
export function readAddress(typed) {
    const text = typed.trim()
    try {
        const url = new URL(/^https?:\/\//i.test(text) ? text : `https://${text}`)
        return url.hostname.includes("%") ? null : url // Some browsers let a blank stand in a name.
    } catch {
        return null
    }
}

/**
 * The site that *url* is a page of, and the address of its sign-in page.
 * @param {URL} url
 */
export function siteOf(url) {
    const inside = INSIDE.test(url.pathname)
    const base = url.origin + url.pathname.replace(inside ? INSIDE : SIGN_IN, "").replace(/\/*$/, "")
    const named = !inside && SIGN_IN.test(url.pathname)
    return { url: base, login_url: named ? url.origin + url.pathname : `${base}/wp-login.php` }
}
