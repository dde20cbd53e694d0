// Prints the demo's address and sign-ins for people, from the ready line and demo.json.
import { readFileSync } from "node:fs";

const [readyLine, path] = process.argv.slice(2);
const http = /http=(\S+)/.exec(readyLine)?.[1] ?? "";
const sip = /sip=(\S+)/.exec(readyLine)?.[1] ?? "off";
const demo = JSON.parse(readFileSync(path, "utf8"));

const people = Object.entries(demo.users).map(([email, user]) => [email, user.password, user.role, user.extension ?? ""]);
people.push([demo.platform_admin.email, demo.platform_admin.password, "platform_admin", ""]);
const width = (column) => Math.max(...people.map((row) => row[column].length));
const pad = (text, column) => text.padEnd(width(column) + 2);

const lines = [
  "",
  `  Switchroom is running:  ${http}`,
  `  SIP:                    ${sip}`,
  "",
  "  Sign in as",
  ...people.map((row) => `    ${pad(row[0], 0)}${pad(row[1], 1)}${pad(row[2], 2)}${row[3] ? `extension ${row[3]}` : ""}`.trimEnd()),
  "",
  `  Tokens, connections and numbers: ${path}`,
  "  Stop with Ctrl-C.",
  "",
];
process.stdout.write(`${lines.join("\n")}\n`);
