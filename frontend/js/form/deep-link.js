// A link to the form may bring along what its maker knows: /?site=&name=&email=&subject=&message=&ticket=. It only fills
// the form: the owner sees all of it, and nothing is checked, approved or sent before a press. docs/linking.md.

/** @import { Draft } from "./types.js" */
import { EMAIL } from "../shared/field-errors.js"
import { readAddress } from "./site-address.js"

const MAX_MESSAGE_CHARACTERS = 10_000
const TICKET = /^[\p{L}\p{N}#][\p{L}\p{N} #._:/-]{0,39}$/u
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

/**
 * Put what *search* says into *draft*. What is no address, or too long, is left out; what the owner has typed stays.
 * @param {Draft} draft
 * @param {string} search the query
 */
export function readDeepLink(draft, search) {
    const given = new URLSearchParams(search)
    const site = line(given, "site", 300)
    if (site && readAddress(site)) Object.assign(draft, { url: site, site: null, consent_url: null, hint: "" })
    const ticket = line(given, "ticket", 40)
    if (TICKET.test(ticket)) draft.ticket = ticket
    draft.subject = line(given, "subject", 80) || draft.subject
    draft.name ||= line(given, "name", 100)
    const email = line(given, "email", 254)
    if (EMAIL.test(email)) draft.email ||= email
    const message = (given.get("message") ?? "").trim()
    if (message.length <= MAX_MESSAGE_CHARACTERS) draft.message ||= message
}

/**
 * @param {URLSearchParams} given
 * @param {string} name
 * @param {number} most
 */
function line(given, name, most) {
    const text = (given.get(name) ?? "").trim()
    return text.length <= most && !CONTROLS.test(text) ? text : ""
}
