// Our links as mail programs break them.

/**
 * Return the address of the page and the fragment that *pathname* was made from; "" when it is not one of ours.
 * @param {string} pathname
 */
export function mendedAddress(pathname) {
    const [, page, fragment] = /^\/(open|receipt)\/?(?:%(?:25)*23|#)(.+)$/i.exec(pathname) ?? []
    return page ? `/${page.toLowerCase()}#${fragment}` : ""
}
