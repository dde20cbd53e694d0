/** The limits on guessing, which the other tests do without: they all come from one address. */

/** For `startServer`: limits as they are by default, and our word believed about where a request comes from. */
export const LIMITED = ["--rate-limit", "200/s,1000", "--trusted-proxy", "127.0.0.1"];

/** As many wrong passwords as an account takes before it rests; each from an address of its own. */
const FAILURES = 20;

/** Guesses until the account rests. */
export async function tireOut(url: string, email: string): Promise<void> {
  for (let guess = 1; guess <= FAILURES; guess++) {
    // oxlint-disable-next-line no-await-in-loop -- the last one must be the last
    const answer = await fetch(`${url}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": `203.0.113.${guess}` },
      body: JSON.stringify({ email, password: `guess number ${guess}` }),
    });
    if (answer.status !== 401) throw new Error(`guess ${guess}: ${answer.status}`);
  }
}
