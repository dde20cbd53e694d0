/** A real mail server, as small as one can be: takes what SMTP brings and hands it to the test. */
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface Mail {
  to: string;
  text: string;
}

export interface MailServer {
  url: string;
  /** The next mail to this address that nobody has taken yet. */
  next(to: string): Promise<Mail>;
  close(): Promise<void>;
}

const WAIT_MS = 30_000;

export async function startMail(): Promise<MailServer> {
  const mails: Mail[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client that goes away in the middle is no matter of the test's.
    socket.on("error", () => socket.destroy());
    serve(socket, (mail) => mails.push(mail));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async next(to) {
      const until = Date.now() + WAIT_MS;
      for (;;) {
        const at = mails.findIndex((mail) => mail.to === to);
        const [mail] = at < 0 ? [] : mails.splice(at, 1);
        if (mail) return mail;
        if (Date.now() > until) throw new Error(`no mail to ${to}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function serve(socket: Socket, take: (mail: Mail) => void): void {
  let rest = "";
  let to = "";
  let text: string[] | null = null;
  const say = (line: string) => socket.write(`${line}\r\n`);
  const hear = (line: string) => {
    if (text) {
      if (line !== ".") {
        text.push(line.startsWith(".") ? line.slice(1) : line);
        return;
      }
      take({ to, text: decoded(text.join("\n")) });
      text = null;
      say("250 taken");
      return;
    }
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "RCPT") to = (/<([^>]*)>/.exec(line)?.[1] ?? "").toLowerCase();
    if (verb === "DATA") {
      text = [];
      say("354 go on");
    } else if (verb === "QUIT") socket.end("221 bye\r\n");
    else say("250 fine");
  };
  say("220 test");
  socket.on("data", (chunk) => {
    const lines = (rest + chunk.toString()).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) hear(line);
  });
}

/** Quoted-printable, where a line was too long or held more than ASCII; else as it is. */
function decoded(mail: string): string {
  const [head = "", ...body] = mail.split("\n\n");
  const text = body.join("\n\n");
  if (!/quoted-printable/i.test(head)) return text;
  return Buffer.from(
    text
      .replaceAll("=\n", "")
      .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  ).toString();
}

/** The one link in it. */
export function linkIn(mail: Mail): string {
  const link = /https?:\/\/\S+/.exec(mail.text)?.[0];
  if (!link) throw new Error(`no link in: ${mail.text}`);
  return link;
}
