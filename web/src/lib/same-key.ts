import { useMemo, useRef } from "react";
import { idempotencyKey } from "./api/client";

/** The same body keeps its key, so that a retry after a lost answer makes nothing twice. */
export function useSameKey(): { of: (body: unknown) => string; done: () => void } {
  const sent = useRef<{ body: string; key: string } | null>(null);
  return useMemo(
    () => ({
      of: (body) => {
        const text = JSON.stringify(body);
        if (sent.current?.body !== text) sent.current = { body: text, key: idempotencyKey() };
        return sent.current.key;
      },
      // Answered: the same words again mean another one.
      done: () => {
        sent.current = null;
      },
    }),
    [],
  );
}
