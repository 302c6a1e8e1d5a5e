// What a page keeps: in storage, and in its history entry.

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
 * Move the fragment from the address bar into the history entry, which a reload keeps.
 * @type {<T>(read: (fragment: string) => T) => Promise<Awaited<T>>}
 */
export async function takeFragment(read) {
    if (!location.hash) return history.state
    const entry = await read(location.hash.slice(1))
    history.replaceState(entry, "", location.pathname)
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
