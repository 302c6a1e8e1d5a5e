// The address of a site as people type it. Pure.

/** WordPress' own pages, with which a copied address often ends. */
const WORDPRESS_PAGE = /\/(wp-admin|wp-login\.php|index\.php)(\/.*)?$/i
/** A sign-in page: WordPress' own, or one under another name. */
const SIGN_IN_PAGE = /\/[^/]*(login|sign-?in|\.php)[^/]*\/?$/i

/** What the server takes for one, too: chalicelib/notifications/ticket_links.py. */
const ONE_TIME_LINK = /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?\/[!-~]*[a-z0-9_-]{10}[!-~]*$/i

/**
 * The link to a password that *typed* is instead of one; "" when it is none, or more than one link alone.
 * @param {string} typed
 */
export function oneTimeLinkIn(typed) {
    const link = typed.trim().replace(/^[<("'“„«]+|[>)"'”“».,;]+$/g, "")
    const isSafe = link.startsWith("https:") || link.startsWith(`${location.origin}/`)
    return isSafe && ONE_TIME_LINK.test(link) ? link : ""
}

/** Whether a one-time link is only a part of *typed*, as in a note that was copied with it. @param {string} typed */
export function hasLinkAmongWords(typed) {
    return !oneTimeLinkIn(typed) && typed.split(/\s+/).some((word) => oneTimeLinkIn(word))
}

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
    const isWordPressPage = WORDPRESS_PAGE.test(url.pathname)
    const base =
        url.origin + url.pathname.replace(isWordPressPage ? WORDPRESS_PAGE : SIGN_IN_PAGE, "").replace(/\/*$/, "")
    const isOtherName = !isWordPressPage && SIGN_IN_PAGE.test(url.pathname)
    return { url: base, login_url: isOtherName ? url.origin + url.pathname : `${base}/wp-login.php` }
}
