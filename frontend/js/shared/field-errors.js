// Validates the fields of a form, and shows an error beside each that is empty or wrong.

/** @import { Values } from "./types.js" */
import { all, loadCatalogue, make, setText } from "./page.js"

/** The server's own rule: what every mail system accepts. */
const EMAIL = /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@([a-z\d-]{1,63}\.)+[a-z]{2,63}$/i

/**
 * Show an error beside every required field that is empty or wrong, and move to the first.
 * @param {HTMLElement} form
 * @returns {Promise<boolean>} true when all are valid
 */
export async function validateForm(form) {
    await loadCatalogue()
    /** @type {HTMLInputElement[]} */
    const fields = all("input[required], textarea[required]", form)
    const wrong = fields.filter((field) => {
        const value = field.value.trim()
        const error = !value ? "field.empty" : field.type === "email" && !EMAIL.test(value) ? "field.email" : ""
        return showError(field, field.closest("[data-door][hidden]") ? "" : error)
    })
    wrong[0]?.focus()
    return wrong.length === 0
}

/**
 * Show the text *key* beside a field, and move there.
 * @param {HTMLInputElement} field
 * @param {string} key
 */
export async function rejectField(field, key) {
    await setFieldError(field, key)
    field.focus()
}

/**
 * Show the text *key* beside a field, or remove what is shown there.
 * @param {HTMLInputElement} field
 * @param {string} key "" when the field is valid
 * @param {Values} [values]
 */
export async function setFieldError(field, key, values) {
    if (key) await loadCatalogue()
    showError(field, key, values)
}

/**
 * @param {HTMLInputElement} field
 * @param {string} key "" when the field is valid
 * @param {Values} [values]
 * @returns {boolean} whether there is an error
 */
function showError(field, key, values) {
    const id = `${field.id}-wrong`
    const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((other) => other && other !== id)
    document.getElementById(id)?.remove()
    if (key) {
        const error = make("p", { id, class: "wrong" })
        setText(error, key, values)
        field.before(error)
        others.unshift(id)
        field.setAttribute("aria-invalid", "true")
    } else {
        field.removeAttribute("aria-invalid")
    }
    if (others.length) field.setAttribute("aria-describedby", others.join(" "))
    else field.removeAttribute("aria-describedby")
    return key !== ""
}
