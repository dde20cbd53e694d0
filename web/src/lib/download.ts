/** Files of the server, to be kept. */
import { actingFor } from "./acting";
import { announceSignedOut } from "./api/client";
import { ApiError, NetworkError } from "./api/problem";
import type { ProblemBody } from "./api/types";

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

/**
 * It is read before it is kept: a link carries no header and tells nobody of a refusal, or of a file that breaks off.
 * The browser holds what is long on disk, so memory is no bound.
 */
export async function download(path: string, name: string, query: Query = {}): Promise<void> {
  const tenant = actingFor();
  let answer: Response;
  let file: Blob;
  try {
    answer = await fetch(addressOf(path, query), { headers: tenant ? { "X-Tenant": tenant } : {} });
    file = await answer.blob();
  } catch {
    throw new NetworkError();
  }
  if (!answer.ok) {
    if (answer.status === 401) announceSignedOut();
    throw new ApiError(answer.status, await problemIn(file));
  }
  const address = URL.createObjectURL(file);
  click(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

async function problemIn(file: Blob): Promise<ProblemBody> {
  try {
    return JSON.parse(await file.text()) as ProblemBody;
  } catch {
    return {};
  }
}
