/**
 * A platform admin is a member of no tenant; for whom they act is named by a header with every request. It lasts as
 * long as the tab, and counts for nobody else: the server ignores the header of members.
 */
const KEY = "switchroom.acting";

export function actingFor(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function act(slug: string): void {
  try {
    sessionStorage.setItem(KEY, slug);
  } catch {
    // Blocked storage: there is no acting in this browser.
  }
}

export function stopActing(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was kept either.
  }
}
