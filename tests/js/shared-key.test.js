// The keys of a shared secret against the vectors that the Python twin must meet too, and the QR code of its link.

import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import "./web-crypto.js"

import { encodeQr } from "../../frontend/js/share/qr.js"
import {
    frame,
    linkKeyOf,
    newMetadataKey,
    sealShared,
    secretKeyOf,
    unframe,
} from "../../frontend/js/share/shared-key.js"
import { prove } from "../../frontend/js/shared/envelope.js"
import { decode, encode } from "../../frontend/js/shared/link-key.js"

/**
 * @typedef {{
 *   metadata_key: string, secret_key: string, link_key: string, receipt_sha256: string, passphrase: string | null,
 *   id: string, access_sha256: string, iv: string, text: string, ciphertext_bytes: number, ciphertext_sha256: string
 * }} Vector
 * @type {Vector[]}
 */
const vectors = JSON.parse(readFileSync(new URL("../onetimesecret/vectors.json", import.meta.url), "utf8"))

for (const vector of vectors) {
    test(`the vector of ${vector.metadata_key}`, async () => {
        const text = vector.text === "U+00E9 x 5000" ? "é".repeat(5000) : vector.text
        const { request, secretKey } = await sealShared(
            vector.metadata_key,
            text,
            vector.passphrase ?? "",
            3600,
            decode(vector.iv),
        )
        const sealed = decode(request.ciphertext)

        assert.equal(secretKey, vector.secret_key)
        assert.equal(encode(await linkKeyOf(secretKey)), vector.link_key)
        assert.equal(request.id, vector.id)
        assert.equal(request.access_sha256, vector.access_sha256)
        assert.equal(request.receipt_sha256, vector.receipt_sha256)
        assert.equal(sealed.length, vector.ciphertext_bytes)
        assert.equal(createHash("sha256").update(sealed).digest("base64url"), vector.ciphertext_sha256)
        const proof = await prove(await linkKeyOf(secretKey), vector.passphrase)
        assert.equal(unframe(await proof.openBytes(request.ciphertext)), text)
    })
}

test("a new metadata key has 31 digits and is another each time", async () => {
    const keys = Array.from({ length: 50 }, newMetadataKey)

    assert.equal(new Set(keys).size, 50)
    for (const key of keys) assert.match(key, /^[0-9a-z]{31}$/)
    assert.match(await secretKeyOf(keys[0]), /^[0-9a-z]{31}$/)
})

for (const text of ["", " ", "tail \n\0", "\ufeffmark", "\u0080", "a".repeat(255), "a".repeat(256), "é🔑"]) {
    test(`a frame keeps ${JSON.stringify(text).slice(0, 20)}`, () => {
        const framed = frame(text)

        assert.equal(framed.length % 256, 0)
        assert.equal(unframe(framed), text)
    })
}

test("what has no frame is refused", () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(256), new TextEncoder().encode("{}  ")]) {
        assert.throws(() => unframe(bytes), RangeError)
    }
})

// Scanned with ZXing when they were written down.
const SCANNED = /** @type {const} */ ([
    [
        "https://help.example/secret#9k9id865g8eex3094q880m3s5byz0qg",
        33,
        "1f4f691d2a205a81e1f28c1f332b013374c4ed8bec49b279ba3350571ceec262",
    ],
    [
        "http://127.0.0.1:8000/secret#moefs43q6oq4rmg5x5hqr2n09n14mms",
        33,
        "20def6ea5996324c27ec7b89fa36e5d66a5b6947eb04f59126d5241f9753bcc6",
    ],
    [
        "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example/secret#9k9id865g8eex3094q880m3s5byz0qg",
        53,
        "053c600264b2679f8655accca356cf44747559c22c03532e291eda4e6253893c",
    ],
])

for (const [text, size, sha256] of SCANNED) {
    test(`the QR code of ${text.length} characters`, () => {
        const modules = encodeQr(text)
        const drawn = modules.map((row) => row.map(Number).join("")).join("\n")

        assert.equal(modules.length, size)
        assert.equal(createHash("sha256").update(drawn).digest("hex"), sha256)
    })
}

test("a text that no code holds is refused", () => {
    assert.throws(() => encodeQr("a".repeat(214)), RangeError)
})
