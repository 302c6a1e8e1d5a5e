// The browser's envelope against the vectors that its Python twin must meet too.

import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import "./web-crypto.js"

import { decode, encode, identify, newLinkKey, prove, seal } from "../../frontend/js/shared/envelope.js"

/**
 * @typedef {{
 *   link_key: string, passphrase: string | null, iv: string, plaintext: string, id: string, support: string,
 *   access: string, access_sha256: string, ciphertext: string, ciphertext_sha256_hex: string
 * }} Vector
 * @type {{vectors: Vector[]}}
 */
const { vectors } = JSON.parse(readFileSync(new URL("../vectors.json", import.meta.url), "utf8"))

for (const [number, vector] of vectors.entries()) {
    const linkKey = decode(vector.link_key)

    test(`vector ${number} seals to the same bytes`, async () => {
        const sealed = await seal(linkKey, vector.plaintext, vector.passphrase, decode(vector.iv))

        assert.deepEqual(sealed, {
            id: vector.id,
            support: vector.support,
            access: vector.access,
            access_sha256: vector.access_sha256,
            ciphertext: vector.ciphertext,
        })
        const digest = createHash("sha256").update(decode(sealed.ciphertext)).digest("hex")
        assert.equal(digest, vector.ciphertext_sha256_hex)
    })

    test(`vector ${number} opens`, async () => {
        const proof = await prove(linkKey, vector.passphrase)

        assert.equal(proof.access, vector.access)
        assert.equal(await proof.open(vector.ciphertext), vector.plaintext)
    })

    test(`vector ${number} is identified by the link alone`, async () => {
        assert.deepEqual(await identify(linkKey), { id: vector.id, support: vector.support })
    })
}

test("a wrong passphrase proves nothing and opens nothing", async () => {
    const { link_key: linkKey, access, ciphertext } = vectors[1]
    const proof = await prove(decode(linkKey), "Cafe horse 42")

    assert.notEqual(proof.access, access)
    await assert.rejects(proof.open(ciphertext))
})

test("a changed byte does not open", async () => {
    const bytes = decode(vectors[0].ciphertext)
    bytes[20] ^= 1
    const proof = await prove(decode(vectors[0].link_key))

    await assert.rejects(proof.open(encode(bytes)))
})

test("two seals of one text differ", async () => {
    const linkKey = newLinkKey()

    assert.notEqual((await seal(linkKey, "{}")).ciphertext, (await seal(linkKey, "{}")).ciphertext)
})

test("base64url takes nothing else", () => {
    assert.throws(() => decode("a+b"), RangeError)
    assert.throws(() => decode("a=b"), RangeError)
})
