import { formatAge, formatDateTime, useNow } from "@/lib/time";

/** Time since an instant, ticking. */
export function Age({
  since,
  until,
}: {
  since: string | number | null | undefined;
  until?: string | number | null;
}) {
  const now = useNow();
  if (since === null || since === undefined) return null;
  const from = new Date(since).getTime();
  if (Number.isNaN(from)) return null;
  const to = until ? new Date(until).getTime() : now;
  return (
    <time className="num" dateTime={new Date(from).toISOString()} title={formatDateTime(from)}>
      {formatAge(from, to)}
    </time>
  );
}

export function When({ at }: { at: string | null | undefined }) {
  if (!at) return <span className="text-muted">–</span>;
  return (
    <time className="num whitespace-nowrap" dateTime={at}>
      {formatDateTime(at)}
    </time>
  );
}
