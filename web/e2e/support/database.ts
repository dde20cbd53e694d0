/**
 * The private Postgres of a running server, for what else would take hours to come about. As much of a client as one
 * statement takes: a machine that runs the server has not always `psql`.
 */
import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import path from "node:path";

const textOf = (file: string) => readFile(file, "utf8").then((text) => text.trim());

/** Its folder is the data directory's, or one that the user whom Postgres runs as can reach. */
async function socketOf(dataDir: string): Promise<string> {
  const home = await textOf(path.join(dataDir, "cluster-id")).then(
    (id) => path.join("/var/lib/switchroom", id),
    () => dataDir,
  );
  const dir = await textOf(path.join(home, "socket-dir")).catch(() => path.join(home, "run"));
  return path.join(dir, ".s.PGSQL.5432");
}

/** A message of the protocol: its letter, how long it is (itself included, the letter not), its body. */
function message(letter: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(letter), length, body]);
}

/** Runs one statement as the superuser, whom the socket trusts. */
export async function sql(dataDir: string, statement: string): Promise<void> {
  const socket = createConnection(await socketOf(dataDir));
  const hello = Buffer.from("\0\x03\0\0user\0postgres\0database\0switchroom\0\0", "latin1");
  try {
    await new Promise<void>((resolve, reject) => {
      let heard = Buffer.alloc(0);
      let ready = 0;
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("Postgres closed the connection")));
      socket.on("data", (chunk) => {
        heard = Buffer.concat([heard, chunk]);
        while (heard.length >= 5) {
          const end = 1 + heard.readInt32BE(1);
          if (heard.length < end) return;
          const letter = String.fromCharCode(heard[0] ?? 0);
          if (letter === "E") reject(new Error(heard.toString("utf8", 5, end).replaceAll("\0", " ")));
          // Ready for the statement, and then ready with it.
          if (letter === "Z" && ready++ === 0) socket.write(message("Q", Buffer.from(`${statement}\0`)));
          else if (letter === "Z") resolve();
          heard = heard.subarray(end);
        }
      });
      socket.write(message("", hello));
    });
  } finally {
    socket.destroy();
  }
}
