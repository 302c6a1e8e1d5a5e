// Validates the fields of a form, and shows an error beside each that is empty or wrong. The error goes as soon as the
// field is right.

/** @import { Values } from "./types.js" */
import { all, loadCatalogue, make, setText } from "./page.js"

/** The server's own rule: what every mail system accepts. */
export const EMAIL = /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@([a-z\d-]{1,63}\.)+[a-z]{2,63}$/i

/** Fields with an error that their own text decides. @type {WeakSet<HTMLInputElement>} */
const watched = new WeakSet()

/**
 * Show an error beside every field that is empty, wrong or too long, and move to the first.
 * @param {HTMLElement} form
 * @returns {Promise<boolean>} true when all are valid
 */
export async function validateForm(form) {
    await loadCatalogue()
    /** @type {HTMLInputElement[]} */
    const fields = all("[required], [data-most]", form)
    const wrong = fields.filter((field) => !field.closest("[hidden]") && showError(field, ...errorOf(field)))
    wrong[0]?.focus()
    return wrong.length === 0
}

/**
 * Nothing that was pasted is cut, so a text may be too long.
 * @param {HTMLInputElement} field
 * @returns {[key: string, values?: Values]} "" when the field is valid
 */
function errorOf(field) {
    const value = field.value.trim()
    const excess = Array.from(value).length - Number(field.dataset.most ?? Infinity)
    if (excess > 0) return ["field.too_long", { n: excess }]
    if (!value) return [field.required ? "field.empty" : ""]
    return [field.type === "email" && !EMAIL.test(value) ? "field.email" : ""]
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
        watch(field)
    } else {
        field.removeAttribute("aria-invalid")
    }
    if (others.length) field.setAttribute("aria-describedby", others.join(" "))
    else field.removeAttribute("aria-describedby")
    return key !== ""
}

/** Remove the error when the field becomes right. @param {HTMLInputElement} field */
function watch(field) {
    if (watched.has(field) || field.type === "date") return // A date is checked by its own step.
    watched.add(field)
    field.addEventListener("input", () => {
        if (field.hasAttribute("aria-invalid") && !errorOf(field)[0]) showError(field, "")
    })
}
