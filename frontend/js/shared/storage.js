// What a page keeps, in storage and in its history entry. (Keys of the team: `key-store.js`.)

/** Under this key the form leaves to the receipt what was sent. */
export const SENT_KEY = "hallpass.sent"

/**
 * Remove the key that WordPress appended from the address bar.
 * @param {string} kind
 * @returns {string} the address that WordPress called, or ""
 */
export function takeReturnAddress(kind) {
    const { href, pathname } = location
    if (!RegExp(`[?#&](${kind}|password|user_login)=`).test(href)) return ""
    history.replaceState(null, "", pathname)
    return href
}

/**
 * Take the fragment from the address bar, unless *read* returns null: whoever sees it may still mend it. A reload keeps
 * what *kept* returns.
 * @template T
 * @param {(fragment: string) => T} read
 * @param {(entry: Awaited<T>) => unknown} [kept]
 * @returns {Promise<Awaited<T>>}
 */
export async function takeFragment(read, kept = (entry) => entry) {
    if (!location.hash) return history.state
    const entry = await read(location.hash.slice(1))
    if (entry === null) return entry
    history.replaceState(kept(entry), "", location.pathname)
    return entry
}

/** A browser may refuse storage. @type {<T>(use: () => T) => T | null} */
export function tryStorage(use) {
    try {
        return use()
    } catch {
        return null
    }
}
