/** Files of the server, to be kept: the browser writes them to disk while they come, however long they are. */
import { actingFor } from "./acting";

export type Query = Readonly<Record<string, string | number | boolean | undefined | null>>;

export function addressOf(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === null || value === "" ? [] : [[name, String(value)] as [string, string]],
  );
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs).toString()}`;
}

function click(href: string, name: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

/** A link carries no header: who acts for a tenant gets the file by way of memory. */
export async function download(path: string, name: string, query: Query = {}): Promise<void> {
  const address = addressOf(path, query);
  const tenant = actingFor();
  if (!tenant) return click(address, name);
  const answer = await fetch(address, { headers: { "X-Tenant": tenant } });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const blob = URL.createObjectURL(await answer.blob());
  click(blob, name);
  setTimeout(() => URL.revokeObjectURL(blob), 60_000);
}
