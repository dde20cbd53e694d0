/** Desktop notifications: only when the user allowed them and the tab is out of sight. */
export function notificationsState(): NotificationPermission | "unsupported" {
  return typeof Notification === "undefined" ? "unsupported" : Notification.permission;
}

export async function askForNotifications(): Promise<NotificationPermission | "unsupported"> {
  if (typeof Notification === "undefined") return "unsupported";
  return Notification.requestPermission();
}

export function notify(title: string, body: string, tag: string, onClick: () => void): boolean {
  if (notificationsState() !== "granted" || !document.hidden) return false;
  try {
    const note = new Notification(title, { body, tag });
    note.onclick = () => {
      window.focus();
      onClick();
      note.close();
    };
    return true;
  } catch {
    // Some mobile browsers allow notifications from service workers only.
    return false;
  }
}
