/** What an authenticator app would show (RFC 6238, SHA-1, six digits, half minutes). */
import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function decoded(base32: string): Buffer {
  let bits = "";
  for (const letter of base32.replaceAll(/[=\s]/g, "").toUpperCase())
    bits += ALPHABET.indexOf(letter).toString(2).padStart(5, "0");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}

const STEP_MS = 30_000;

export function totp(secret: string, at = Date.now()): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / STEP_MS)));
  const hash = createHmac("sha1", decoded(secret)).update(counter).digest();
  const offset = (hash.at(-1) ?? 0) & 15;
  const number = hash.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** The code of the next half minute, which the server takes as well: each code is good once. */
export const nextTotp = (secret: string): string => totp(secret, Date.now() + STEP_MS);
