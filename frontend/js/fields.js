// @ts-check
// Whether a form's fields are filled in, and what to say beside those that are not.

import { all, make } from "./dom.js"
import { text } from "./i18n.js"

/** As the server has it: what every mail system accepts. */
const EMAIL = /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@([a-z\d-]{1,63}\.)+[a-z]{2,63}$/i

/**
 * Mark every field that is empty or wrong, and move to the first.
 * @param {HTMLElement} form
 * @returns {Promise<boolean>} whether all is well
 */
export async function complete(form) {
    const empty = await text("field.empty")
    const email = await text("field.email")
    const fields = /** @type {HTMLInputElement[]} */ (all("input[required], textarea[required]", form))
    const wrong = fields.filter((field) => {
        const value = field.value.trim()
        const complaint = !value ? empty : field.type === "email" && !EMAIL.test(value) ? email : ""
        return mark(field, field.closest("[data-door][hidden]") ? "" : complaint)
    })
    wrong[0]?.focus()
    return wrong.length === 0
}

/**
 * Mark one field with the text *name*, and move there.
 * @param {HTMLInputElement} field
 * @param {string} name
 */
export async function complain(field, name) {
    await judge(field, name)
    field.focus()
}

/**
 * Mark one field with the text *name*, or take the mark away.
 * @param {HTMLInputElement} field
 * @param {string} name "" when fine
 * @param {import("./types.js").Values} [values]
 */
export async function judge(field, name, values) {
    mark(field, name && (await text(name, values)))
}

/**
 * @param {HTMLInputElement} field
 * @param {string} complaint "" when fine
 * @returns {boolean} whether there was one
 */
function mark(field, complaint) {
    const id = `${field.id}-wrong`
    const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((other) => other && other !== id)
    document.getElementById(id)?.remove()
    if (complaint) {
        field.before(make("p", { id, class: "wrong" }, complaint))
        others.unshift(id)
        field.setAttribute("aria-invalid", "true")
    } else {
        field.removeAttribute("aria-invalid")
    }
    if (others.length) field.setAttribute("aria-describedby", others.join(" "))
    else field.removeAttribute("aria-describedby")
    return complaint !== ""
}
